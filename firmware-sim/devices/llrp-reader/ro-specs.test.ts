import { describe, expect, it } from 'vitest';
import type { LlrpMessage } from '../../../protocol/wire/llrp/codec.ts';
import { NOTIFICATION } from '../../../protocol/wire/llrp/config.ts';
import type { AISpec, ROSpec } from '../../../protocol/wire/llrp/rospec.ts';
import { LlrpClient, START, specOf, TAG, tagsOf } from './llrp-client.fixture.ts';

type Trigger = AISpec['AISpecStopTrigger'];

const duration = (DurationTrigger: number): Trigger => ({ AISpecStopTriggerType: 1, DurationTrigger });
const observation = (TriggerType: number, more: Record<string, number>): Trigger => ({
  AISpecStopTriggerType: 3,
  DurationTrigger: 0,
  TagObservationTrigger: {
    TriggerType,
    NumberOfTags: 0,
    NumberOfAttempts: 0,
    T: 0,
    Timeout: 0,
    ...more,
    Reserved: 0,
  },
});
const IMMEDIATE = { ROSpecStartTriggerType: 1 };
const NO_STOP = { ROSpecStopTriggerType: 0, DurationTriggerValue: 0 };

function spec(triggers: readonly Trigger[], more: Partial<ROSpec> = {}): ROSpec {
  const AISpec = triggers.map((AISpecStopTrigger) => ({ AntennaIDs: [0], AISpecStopTrigger }));
  return { ...specOf(1), AISpec, ...more };
}

/** A client that hears of everything. */
function listening(more: ConstructorParameters<typeof LlrpClient>[0] = {}): LlrpClient {
  const client = new LlrpClient(more);
  client.connect();
  const events = [NOTIFICATION.ROSpecEvent, NOTIFICATION.AISpecEvent, NOTIFICATION.SpecLoopEvent];
  client.ask('SET_READER_CONFIG', {
    ResetToFactoryDefault: false,
    ReaderEventNotificationSpec: {
      EventNotificationState: events.map((EventType) => ({ EventType, NotificationState: true })),
    },
    GPIPortCurrentState: [1, 2].map((GPIPortNum) => ({ GPIPortNum, GPIConfig: true, State: 0 })),
  });
  return client;
}

function run(client: LlrpClient, wanted: ROSpec): LlrpMessage[] {
  expect(client.status('ADD_ROSPEC', { ROSpec: wanted })).toContain('M_Success');
  const enabled = client.ask('ENABLE_ROSPEC', { ROSpecID: wanted.ROSpecID });
  const isNull = wanted.ROBoundarySpec.ROSpecStartTrigger.ROSpecStartTriggerType === 0;
  return isNull ? client.ask('START_ROSPEC', { ROSpecID: wanted.ROSpecID }) : enabled;
}

/** What happened, in words, with the time since the start. */
function story(messages: readonly LlrpMessage[]): string[] {
  return messages.flatMap((message) => {
    if (message.name !== 'READER_EVENT_NOTIFICATION') return [];
    const { UTCTimestamp, ROSpecEvent, AISpecEvent, SpecLoopEvent } =
      message.body.ReaderEventNotificationData;
    const after = Math.round((UTCTimestamp?.Microseconds ?? 0) / 1000 - START);
    if (ROSpecEvent)
      return [`${after} RO ${ROSpecEvent.ROSpecID} ${ROSpecEvent.EventType === 0 ? 'start' : 'end'}`];
    if (AISpecEvent) return [`${after} AI ${AISpecEvent.SpecIndex} end`];
    if (SpecLoopEvent) return [`${after} loop ${SpecLoopEvent.LoopCount}`];
    return [];
  });
}

const reports = (messages: readonly LlrpMessage[]) =>
  messages.filter(({ name }) => name === 'RO_ACCESS_REPORT');

describe('the stop trigger of an AISpec', () => {
  it('a duration ends it, the next follows, and then the ROSpec ends', () => {
    const client = listening();
    client.reader.setTags([TAG]);
    const heard = [...run(client, spec([duration(300), duration(500)])), ...client.wait(5_000)];
    expect(story(heard)).toEqual(['0 RO 1 start', '300 AI 1 end', '800 AI 2 end', '800 RO 1 end']);
    expect(client.status('STOP_ROSPEC', { ROSpecID: 1 })).toContain('is not active');
  });

  it('N tags, N unique tags or a timeout end it', () => {
    const tags = [TAG, { ...TAG, epc: '3074257bf7194e4000001a86' }];
    for (const [trigger, withTags, ends] of [
      [observation(0, { NumberOfTags: 4 }), true, 200],
      [observation(3, { NumberOfTags: 2 }), true, 0],
      [observation(3, { NumberOfTags: 3, Timeout: 1_500 }), true, 1_500],
      [observation(0, { NumberOfTags: 4, Timeout: 700 }), false, 700],
    ] as const) {
      const client = listening();
      if (withTags) client.reader.setTags(tags);
      const heard = [...run(client, spec([trigger])), ...client.wait(5_000)];
      expect(story(heard)).toEqual(['0 RO 1 start', `${ends} AI 1 end`, `${ends} RO 1 end`]);
    }
  });

  it('N attempts end it, also before an empty field', () => {
    const client = listening();
    const heard = [...run(client, spec([observation(2, { NumberOfAttempts: 4 })])), ...client.wait(5_000)];
    expect(story(heard)).toEqual(['0 RO 1 start', '600 AI 1 end', '600 RO 1 end']);
  });

  it('it ends when nothing new comes for a while', () => {
    const client = listening();
    client.reader.setTags([TAG]);
    const begun = run(client, spec([observation(1, { T: 1_000 })]));
    const first = client.wait(500);
    client.reader.setTags([TAG, { ...TAG, epc: '3074257bf7194e4000001a86' }]);
    expect(story([...begun, ...first, ...client.wait(5_000)])).toEqual([
      '0 RO 1 start',
      '1600 AI 1 end',
      '1600 RO 1 end',
    ]);
  });

  it('an input or its timeout ends it', () => {
    const GPITriggerValue = { GPIPortNum: 2, GPIEvent: true, Timeout: 3_000 };
    const trigger = { AISpecStopTriggerType: 2, DurationTrigger: 0, GPITriggerValue };
    const client = listening();
    const heard = [...run(client, spec([trigger, trigger])), ...client.wait(400)];
    client.reader.setGpi(2, true);
    heard.push(...client.wait(5_000));
    expect(story(heard)).toEqual(['0 RO 1 start', '400 AI 1 end', '3400 AI 2 end', '3400 RO 1 end']);
  });

  it('a loop goes through all of them as often as it says', () => {
    const client = listening();
    const heard = [
      ...run(client, spec([duration(100)], { LoopSpec: { LoopCount: 2 } })),
      ...client.wait(5_000),
    ];
    expect(story(heard)).toEqual([
      '0 RO 1 start',
      '100 AI 1 end',
      '100 loop 1',
      '200 AI 1 end',
      '200 RO 1 end',
    ]);
  });
});

describe('the boundaries of an ROSpec', () => {
  it('starts at once and again after its end, until it is stopped', () => {
    const client = listening();
    const ROBoundarySpec = { ROSpecStartTrigger: IMMEDIATE, ROSpecStopTrigger: NO_STOP };
    const heard = [...run(client, spec([duration(400)], { ROBoundarySpec })), ...client.wait(1_000)];
    expect(story(heard).filter((line) => line.includes('RO'))).toEqual([
      '0 RO 1 start',
      '400 RO 1 end',
      '400 RO 1 start',
      '800 RO 1 end',
      '800 RO 1 start',
    ]);
    expect(client.status('STOP_ROSPEC', { ROSpecID: 1 })).toContain('M_Success');
    expect(client.wait(5_000)).toEqual([]);
  });

  it('starts periodically, behind its offset', () => {
    const client = listening();
    const PeriodicTriggerValue = { Offset: 500, Period: 2_000 };
    const ROBoundarySpec = {
      ROSpecStartTrigger: { ROSpecStartTriggerType: 2, PeriodicTriggerValue },
      ROSpecStopTrigger: { ROSpecStopTriggerType: 1, DurationTriggerValue: 300 },
    };
    const heard = [...run(client, { ...specOf(1), ROBoundarySpec }), ...client.wait(4_000)];
    expect(story(heard).filter((line) => line.includes('RO'))).toEqual([
      '500 RO 1 start',
      '800 RO 1 end',
      '2500 RO 1 start',
      '2800 RO 1 end',
    ]);
  });

  it('starts and stops on inputs', () => {
    const client = listening();
    const ROBoundarySpec = {
      ROSpecStartTrigger: {
        ROSpecStartTriggerType: 3,
        GPITriggerValue: { GPIPortNum: 1, GPIEvent: true, Timeout: 0 },
      },
      ROSpecStopTrigger: {
        ...NO_STOP,
        ROSpecStopTriggerType: 2,
        GPITriggerValue: { GPIPortNum: 1, GPIEvent: false, Timeout: 5_000 },
      },
    };
    const heard = [...run(client, { ...specOf(1), ROBoundarySpec }), ...client.wait(1_000)];
    for (const high of [true, false, true]) {
      client.reader.setGpi(1, high);
      heard.push(...client.wait(1_000));
    }
    heard.push(...client.wait(9_000));
    expect(story(heard).filter((line) => line.includes('RO'))).toEqual([
      '1000 RO 1 start',
      '2000 RO 1 end',
      '3000 RO 1 start',
      '8000 RO 1 end',
    ]);
  });

  it('runs one at a time; one that waits starts when the other is over', () => {
    const client = listening();
    const ROBoundarySpec = { ROSpecStartTrigger: IMMEDIATE, ROSpecStopTrigger: NO_STOP };
    const heard = run(client, specOf(1));
    expect(client.status('ADD_ROSPEC', { ROSpec: specOf(2) })).toContain('M_Success');
    client.ask('ENABLE_ROSPEC', { ROSpecID: 2 });
    expect(client.status('START_ROSPEC', { ROSpecID: 2 })).toContain(
      'R_DeviceError (401): ROSpec 1 is active',
    );
    heard.push(...run(client, { ...specOf(3), ROBoundarySpec }), ...client.wait(100));
    heard.push(...client.ask('DELETE_ROSPEC', { ROSpecID: 1 }));
    expect(story(heard)).toEqual(['0 RO 1 start', '100 AI 1 end', '100 RO 1 end', '100 RO 3 start']);
    expect(client.ask('GET_ROSPECS', {})).toMatchObject([
      {
        body: {
          ROSpec: [
            { ROSpecID: 2, CurrentState: 1 },
            { ROSpecID: 3, CurrentState: 2 },
          ],
        },
      },
    ]);
  });

  it('is refused with a status where the reader cannot do what it asks', () => {
    const client = listening();
    const antenna = (AntennaConfiguration: object): Partial<ROSpec> => ({
      AISpec: [
        {
          AntennaIDs: [1],
          AISpecStopTrigger: duration(0),
          InventoryParameterSpec: [
            {
              InventoryParameterSpecID: 1,
              ProtocolID: 1,
              AntennaConfiguration: [{ AntennaID: 1, ...AntennaConfiguration }],
            },
          ],
        },
      ],
    });
    const wrong: [Partial<ROSpec>, string][] = [
      [{ RFSurveySpec: [{ Data: new Uint8Array(19) }] }, 'M_UnsupportedParameter'],
      [{ AISpec: [] }, 'M_MissingParameter'],
      [{ AISpec: [{ AntennaIDs: [], AISpecStopTrigger: duration(0) }] }, 'M_FieldError'],
      [{ Priority: 3 }, 'A_OutOfRange'],
      [
        { AISpec: Array(17).fill({ AntennaIDs: [0], AISpecStopTrigger: duration(1) }) },
        'M_OverflowParameter',
      ],
      [
        {
          AISpec: [{ AntennaIDs: [0], AISpecStopTrigger: { AISpecStopTriggerType: 3, DurationTrigger: 0 } }],
        },
        'M_MissingParameter',
      ],
      [
        {
          AISpec: [{ AntennaIDs: [0], AISpecStopTrigger: { AISpecStopTriggerType: 9, DurationTrigger: 0 } }],
        },
        'M_FieldError',
      ],
      [
        { ROBoundarySpec: { ROSpecStartTrigger: { ROSpecStartTriggerType: 3 }, ROSpecStopTrigger: NO_STOP } },
        'M_MissingParameter',
      ],
      [
        antenna({ RFTransmitter: { HopTableID: 1, ChannelIndex: 1, TransmitPower: 82 } }),
        'no transmit power 82',
      ],
      [antenna({ RFTransmitter: { HopTableID: 2, ChannelIndex: 1, TransmitPower: 81 } }), 'no hop table 2'],
      [antenna({ RFReceiver: { ReceiverSensitivity: 99 } }), 'no receive sensitivity 99'],
      [antenna({ C1G2InventoryCommand: [{ TagInventoryStateAware: true }] }), 'state-aware'],
      [
        antenna({
          C1G2InventoryCommand: [
            { TagInventoryStateAware: false, C1G2RFControl: { ModeIndex: 77, Tari: 0 } },
          ],
        }),
        'no RF mode 77',
      ],
    ];
    for (const [more, why] of wrong) {
      expect(client.status('ADD_ROSPEC', { ROSpec: { ...specOf(1), ...more } })).toContain(why);
    }
    expect(client.status('ADD_ROSPEC', { ROSpec: specOf(1) })).toContain('M_Success');
  });
});

describe('when an ROSpec reports', () => {
  const selector = specOf(1).ROReportSpec?.TagReportContentSelector;
  const report = (ROReportTrigger: number, N: number, more: object = {}) =>
    ({ ROReportTrigger, N, TagReportContentSelector: { ...selector, ...more } }) as NonNullable<
      ROSpec['ROReportSpec']
    >;
  const working = (ROReportSpec: ROSpec['ROReportSpec'], triggers = [duration(1_000), duration(1_000)]) => {
    const client = new LlrpClient();
    client.connect();
    client.reader.setTags([TAG, { ...TAG, epc: '3074257bf7194e4000001a86' }]);
    const { ROReportSpec: _, ...rest } = spec(triggers);
    run(client, ROReportSpec === undefined ? rest : { ...rest, ROReportSpec });
    return client;
  };

  it('at the end of each AISpec, of the ROSpec, or every N tags', () => {
    const counts = [report(1, 0), report(2, 0), report(1, 2), report(2, 1), undefined].map((wanted) => {
      const client = working(wanted);
      return [reports(client.wait(900)).length, reports(client.wait(5_000)).length];
    });
    expect(counts).toEqual([
      [0, 2],
      [0, 1],
      [5, 5],
      [10, 10],
      [10, 10],
    ]);
  });

  it('only when asked, also after its end, and then with nothing left', () => {
    const client = working(report(0, 1));
    expect(client.wait(5_000)).toEqual([]);
    const [answer] = client.ask('GET_REPORT', {});
    expect(tagsOf(answer ? [answer] : []).map(({ TagSeenCount }) => TagSeenCount)).toEqual([10, 10]);
    expect(client.ask('GET_REPORT', {})).toMatchObject([
      { name: 'RO_ACCESS_REPORT', id: (answer?.id ?? 0) + 1, body: { TagReportData: [] } },
    ]);
  });

  it('with everything that can be selected', () => {
    const all = {
      EnableSpecIndex: true,
      EnableInventoryParameterSpecID: true,
      EnableChannelIndex: true,
      EnablePeakRSSI: true,
      EnableFirstSeenTimestamp: true,
      EnableLastSeenTimestamp: true,
      C1G2EPCMemorySelector: [{ EnableCRC: true, EnablePCBits: true, EnableXPCBits: false }],
    };
    const client = working(report(1, 1, all));
    const tags = tagsOf(client.wait(1_200));
    expect(tags[0]).toMatchObject({
      EPC: TAG.epc,
      ROSpecID: 1,
      SpecIndex: 1,
      InventoryParameterSpecID: 0,
      AntennaID: 1,
      ChannelIndex: 1,
      TagSeenCount: 1,
      C1G2PC: 0x3000,
      PeakRSSI: expect.any(Number),
      C1G2CRC: expect.any(Number),
      FirstSeenTimestampUTC: expect.any(Number),
      LastSeenTimestampUTC: expect.any(Number),
    });
    expect(tags.at(-1)).toMatchObject({ SpecIndex: 2, ChannelIndex: 7 });
  });
});
