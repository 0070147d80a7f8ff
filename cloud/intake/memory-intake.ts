/** The intake without a wire: a simulated gateway in the same process hands over payloads and gets the ack back. */
import type { Lane } from '../../protocol/events/lanes.ts';
import type { Ack } from '../../protocol/link/ack.ts';
import type { Intake, IntakeHandlers } from './intake.ts';

export class MemoryIntake implements Intake {
  #handlers: IntakeHandlers | undefined;

  get state(): string {
    return this.#handlers ? 'open in this process' : 'closed';
  }

  async start(handlers: IntakeHandlers): Promise<void> {
    this.#handlers = handlers;
  }

  /** As a gateway's publish: the ack after the commit; undefined when the batch was refused; rejects when not taken. */
  async deliver(gateway: string, lane: Lane, payload: Uint8Array): Promise<Ack | undefined> {
    if (!this.#handlers) throw new Error('the intake is closed');
    return await this.#handlers.onDelivery({ gateway, lane, payload });
  }

  reportState(gateway: string, state: 'online' | 'offline'): void {
    this.#handlers?.onGatewayState(gateway, state);
  }

  async close(): Promise<void> {
    this.#handlers = undefined;
  }
}
