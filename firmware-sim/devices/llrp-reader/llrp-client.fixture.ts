/** A client of the simulated reader that speaks message by message, and the specs it asks for. */
import { expect } from 'vitest';
import { seededRandom } from '../../../protocol/ports/random.ts';
import {
  decodeMessage,
  encodeMessage,
  type LlrpMessage,
  type MessageInputs,
  type MessageName,
} from '../../../protocol/wire/llrp/codec.ts';
import { LlrpFramer, type LlrpVersion } from '../../../protocol/wire/llrp/framing.ts';
import type { ROSpec } from '../../../protocol/wire/llrp/rospec.ts';
import { describeStatus } from '../../../protocol/wire/llrp/status.ts';
import type { DeviceOutput } from '../device.ts';
import { LlrpReader, type LlrpReaderOptions } from './llrp-reader.ts';

export const START = Date.UTC(2026, 2, 2, 6);
export const TAG = { epc: '3074257bf7194e4000001a85', antenna: 1, rssiDbm: -45 };

export function specOf(ROSpecID: number, antennas = [0]): ROSpec {
  return {
    ROSpecID,
    Priority: 0,
    CurrentState: 0,
    ROBoundarySpec: {
      ROSpecStartTrigger: { ROSpecStartTriggerType: 0 },
      ROSpecStopTrigger: { ROSpecStopTriggerType: 0, DurationTriggerValue: 0 },
    },
    AISpec: [{ AntennaIDs: antennas, AISpecStopTrigger: { AISpecStopTriggerType: 0, DurationTrigger: 0 } }],
    ROReportSpec: {
      ROReportTrigger: 1,
      N: 1,
      TagReportContentSelector: {
        EnableROSpecID: true,
        EnableSpecIndex: false,
        EnableInventoryParameterSpecID: false,
        EnableAntennaID: true,
        EnableChannelIndex: false,
        EnablePeakRSSI: false,
        EnableFirstSeenTimestamp: false,
        EnableLastSeenTimestamp: false,
        EnableTagSeenCount: true,
        EnableAccessSpecID: false,
      },
    },
  };
}

/** A client that speaks message by message. */
export class LlrpClient {
  readonly reader: LlrpReader;
  readonly #framer = new LlrpFramer(() => true);
  #id = 0;
  now = START;

  constructor(options: Partial<LlrpReaderOptions> = {}) {
    this.reader = new LlrpReader({ random: seededRandom(1, 'reader'), ...options });
  }

  hear(output: DeviceOutput): LlrpMessage[] {
    const messages: LlrpMessage[] = [];
    for (const bytes of output.send) {
      this.#framer.push(bytes, {
        frame: (frame) => {
          const decoded = decodeMessage(frame);
          if (decoded.outcome !== 'message') throw new Error(decoded.outcome);
          messages.push(decoded.message);
        },
        discard: (reason) => expect.unreachable(reason),
      });
    }
    return messages;
  }

  connect(): LlrpMessage[] {
    return this.hear(this.reader.onConnect(this.now));
  }

  ask<N extends MessageName>(name: N, body: MessageInputs[N], version: LlrpVersion = 1): LlrpMessage[] {
    this.#id++;
    return this.hear(this.reader.onBytes(encodeMessage(name, body, this.#id, version), this.now));
  }

  /** The answer in words. */
  status<N extends MessageName>(name: N, body: MessageInputs[N], version: LlrpVersion = 1): string {
    const answers = this.ask(name, body, version).filter((message) => 'LLRPStatus' in message.body);
    return answers
      .map(
        (answer) =>
          `${answer.name} ${'LLRPStatus' in answer.body ? describeStatus(answer.body.LLRPStatus) : ''}`,
      )
      .join('; ');
  }

  start(): void {
    this.ask('ADD_ROSPEC', { ROSpec: specOf(1) });
    this.ask('ENABLE_ROSPEC', { ROSpecID: 1 });
    this.ask('START_ROSPEC', { ROSpecID: 1 });
  }

  hold(): void {
    const EventsAndReports = { HoldEventsAndReportsUponReconnect: true };
    const EventNotificationState = [{ EventType: 3, NotificationState: true }];
    this.ask('SET_READER_CONFIG', {
      ResetToFactoryDefault: false,
      EventsAndReports,
      ReaderEventNotificationSpec: { EventNotificationState },
    });
  }

  wait(milliseconds: number): LlrpMessage[] {
    const until = this.now + milliseconds;
    const messages: LlrpMessage[] = [];
    for (
      let due = this.reader.nextTickAt();
      due !== undefined && due <= until;
      due = this.reader.nextTickAt()
    ) {
      this.now = Math.max(this.now, due);
      messages.push(...this.hear(this.reader.onTick(this.now)));
    }
    this.now = until;
    return messages;
  }
}

export function tagsOf(messages: readonly LlrpMessage[]) {
  return messages.flatMap((message) =>
    message.name === 'RO_ACCESS_REPORT' ? message.body.TagReportData : [],
  );
}
