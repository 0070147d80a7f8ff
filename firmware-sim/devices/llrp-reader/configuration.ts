/** The simulated reader's settings: survive the connection, not a power cycle. */
import type { MessageBodies, MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import { CONFIG_REQUEST, GPI_STATE, KEEPALIVE_TRIGGER } from '../../../protocol/wire/llrp/config.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import type { Refusal } from './ro-specs.ts';

/** Nothing sensible asks for more keepalives than this. */
const SHORTEST_KEEPALIVE_MS = 100;

export interface Surroundings {
  readonly gpi: ReadonlyMap<number, boolean>;
  readonly gpiPorts: number;
  readonly antennas: number;
  isConnected(antenna: number): boolean;
}

export class Configuration {
  keepaliveMs: number | undefined;
  holds = false;
  readonly #enabledPorts = new Set<number>();
  readonly #notified = new Set<number>();

  reset(): void {
    this.keepaliveMs = undefined;
    this.holds = false;
    this.#enabledPorts.clear();
    this.#notified.clear();
  }

  notifies(eventType: number): boolean {
    return this.#notified.has(eventType);
  }

  isPortEnabled(port: number): boolean {
    return this.#enabledPorts.has(port);
  }

  apply(wanted: MessageBodies['SET_READER_CONFIG'], surroundings: Surroundings): Refusal | undefined {
    const ports = wanted.GPIPortCurrentState ?? [];
    const wrong = ports.find((port) => port.GPIPortNum < 1 || port.GPIPortNum > surroundings.gpiPorts);
    if (wrong) return { code: STATUS.A_OutOfRange, text: `there is no GPI port ${wrong.GPIPortNum}` };
    const keepalive = wanted.KeepaliveSpec;
    const periodic = keepalive?.KeepaliveTriggerType === KEEPALIVE_TRIGGER.Periodic;
    if (keepalive && periodic && keepalive.PeriodicTriggerValue < SHORTEST_KEEPALIVE_MS) {
      return { code: STATUS.A_OutOfRange, text: `keepalive below ${SHORTEST_KEEPALIVE_MS} ms` };
    }
    if (wanted.ResetToFactoryDefault) this.reset();
    if (keepalive) this.keepaliveMs = periodic ? keepalive.PeriodicTriggerValue : undefined;
    if (wanted.EventsAndReports) this.holds = wanted.EventsAndReports.HoldEventsAndReportsUponReconnect;
    for (const { EventType, NotificationState } of wanted.ReaderEventNotificationSpec
      ?.EventNotificationState ?? []) {
      setMember(this.#notified, EventType, NotificationState);
    }
    for (const { GPIPortNum, GPIConfig } of ports) setMember(this.#enabledPorts, GPIPortNum, GPIConfig);
    return undefined;
  }

  describe(
    wanted: MessageBodies['GET_READER_CONFIG'],
    surroundings: Surroundings,
  ): Omit<MessageInputs['GET_READER_CONFIG_RESPONSE'], 'LLRPStatus'> {
    const all = wanted.RequestedData === CONFIG_REQUEST.All;
    const gpi = Array.from({ length: surroundings.gpiPorts }, (_, index) => index + 1)
      .filter((port) => wanted.GPIPortNum === 0 || wanted.GPIPortNum === port)
      .map((GPIPortNum) => ({
        GPIPortNum,
        GPIConfig: this.isPortEnabled(GPIPortNum),
        State: surroundings.gpi.get(GPIPortNum) ? GPI_STATE.High : GPI_STATE.Low,
      }));
    if (!all)
      return wanted.RequestedData === CONFIG_REQUEST.GPIPortCurrentState ? { GPIPortCurrentState: gpi } : {};
    return {
      Identification: { IDType: 0, ReaderID: Uint8Array.from([0x02, 0, 0, 0, 0, 1]) },
      AntennaProperties: Array.from({ length: surroundings.antennas }, (_, index) => ({
        AntennaConnected: surroundings.isConnected(index + 1),
        AntennaID: index + 1,
        AntennaGain: 0,
      })),
      KeepaliveSpec: {
        KeepaliveTriggerType:
          this.keepaliveMs === undefined ? KEEPALIVE_TRIGGER.Null : KEEPALIVE_TRIGGER.Periodic,
        PeriodicTriggerValue: this.keepaliveMs ?? 0,
      },
      GPIPortCurrentState: gpi,
      EventsAndReports: { HoldEventsAndReportsUponReconnect: this.holds },
    };
  }
}

function setMember(members: Set<number>, member: number, present: boolean): void {
  if (present && members.size < 256) members.add(member);
  else members.delete(member);
}
