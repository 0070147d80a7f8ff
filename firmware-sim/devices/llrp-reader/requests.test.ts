import { describe, expect, it } from 'vitest';
import type { LlrpMessage, MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import { decodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { CONFIG_REQUEST, NOTIFICATION } from '../../../protocol/wire/llrp/config.ts';
import { LlrpFramer } from '../../../protocol/wire/llrp/framing.ts';
import type { AntennaConfiguration, C1G2Filter } from '../../../protocol/wire/llrp/rospec.ts';
import { describeStatus } from '../../../protocol/wire/llrp/status.ts';
import { LlrpClient, specOf, TAG, tagsOf } from './llrp-client.fixture.ts';

function connected(options: ConstructorParameters<typeof LlrpClient>[0] = {}): LlrpClient {
  const client = new LlrpClient(options);
  client.connect();
  return client;
}

const set = (client: LlrpClient, more: Partial<MessageInputs['SET_READER_CONFIG']>): string =>
  client.status('SET_READER_CONFIG', { ResetToFactoryDefault: false, ...more });

function bodyOf(messages: readonly LlrpMessage[], name: LlrpMessage['name']): Record<string, unknown> {
  const found = messages.find((message) => message.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found.body as unknown as Record<string, unknown>;
}

function config(client: LlrpClient, RequestedData: number, more = {}): Record<string, unknown> {
  const wanted = { AntennaID: 0, RequestedData, GPIPortNum: 0, GPOPortNum: 0, ...more };
  const { LLRPStatus, ...rest } = bodyOf(
    client.ask('GET_READER_CONFIG', wanted),
    'GET_READER_CONFIG_RESPONSE',
  );
  return rest;
}

/** Octets as they are, to a reader; what it says in words. */
function raw(client: LlrpClient, hex: string): string {
  const output = client.reader.onBytes(
    Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')),
    client.now,
  );
  const answers: string[] = [];
  for (const bytes of output.send) {
    new LlrpFramer(() => true).push(bytes, {
      discard: () => {},
      frame: (frame) => {
        const decoded = decodeMessage(frame);
        if (decoded.outcome !== 'message' || !('LLRPStatus' in decoded.message.body)) return;
        const { name, id, body } = decoded.message;
        answers.push(`${name} ${id} ${describeStatus(body.LLRPStatus)}`);
      },
    });
  }
  return answers.join('; ');
}

describe('what the reader says it can do', () => {
  it('has everything the standard demands, and only what a client of this version knows', () => {
    const client = connected();
    const ask = () =>
      bodyOf(client.ask('GET_READER_CAPABILITIES', { RequestedData: 0 }), 'GET_READER_CAPABILITIES_RESPONSE');
    expect(ask()).toMatchObject({
      GeneralDeviceCapabilities: { GPIOCapabilities: { NumGPIs: 4, NumGPOs: 4 } },
      LLRPCapabilities: { MaxNumAccessSpecs: 32, MaxNumOpSpecsPerAccessSpec: 8 },
      RegulatoryCapabilities: {
        UHFBandCapabilities: {
          FrequencyInformation: { Hopping: true },
          C1G2UHFRFModeTable: [{ C1G2UHFRFModeTableEntry: { length: 4 } }],
        },
      },
      C1G2LLRPCapabilities: { MaxNumSelectFiltersPerQuery: 2 },
    });
    expect(ask().GeneralDeviceCapabilities).not.toHaveProperty('MaximumReceiveSensitivity');
    client.ask('SET_PROTOCOL_VERSION', { ProtocolVersion: 2 }, 2);
    const young = client.ask('GET_READER_CAPABILITIES', { RequestedData: 1 }, 2);
    expect(bodyOf(young, 'GET_READER_CAPABILITIES_RESPONSE').GeneralDeviceCapabilities).toHaveProperty(
      'MaximumReceiveSensitivity',
    );
  });

  it('answers each part alone', () => {
    const client = connected();
    const parts = [1, 2, 3, 4].map((RequestedData) => {
      const answer = client.ask('GET_READER_CAPABILITIES', { RequestedData });
      return Object.keys(bodyOf(answer, 'GET_READER_CAPABILITIES_RESPONSE'));
    });
    expect(parts).toEqual([
      ['LLRPStatus', 'GeneralDeviceCapabilities'],
      ['LLRPStatus', 'LLRPCapabilities'],
      ['LLRPStatus', 'RegulatoryCapabilities'],
      ['LLRPStatus', 'C1G2LLRPCapabilities'],
    ]);
    expect(client.status('GET_READER_CAPABILITIES', { RequestedData: 9 })).toContain('M_FieldError');
  });
});

describe('the configuration', () => {
  it('is kept, given in parts or whole, and gone after a reset', () => {
    const client = connected();
    const factory = config(client, CONFIG_REQUEST.All);
    const ROReportSpec = { ...specOf(1).ROReportSpec, N: 7 } as never;
    const antenna = { AntennaID: 2, RFTransmitter: { HopTableID: 1, ChannelIndex: 1, TransmitPower: 41 } };
    const wanted = {
      ReaderEventNotificationSpec: {
        EventNotificationState: [{ EventType: NOTIFICATION.GPIEvent, NotificationState: true }],
      },
      AntennaConfiguration: [antenna],
      ROReportSpec,
      AccessReportSpec: { AccessReportTrigger: 1 },
      KeepaliveSpec: { KeepaliveTriggerType: 1, PeriodicTriggerValue: 60_000 },
      GPOWriteData: [{ GPOPortNumber: 3, GPOData: true }],
      GPIPortCurrentState: [{ GPIPortNum: 2, GPIConfig: true, State: 0 }],
      EventsAndReports: { HoldEventsAndReportsUponReconnect: true },
    };
    expect(set(client, wanted)).toContain('M_Success');
    expect(config(client, CONFIG_REQUEST.ROReportSpec)).toEqual({ ROReportSpec });
    expect(config(client, CONFIG_REQUEST.AccessReportSpec)).toEqual({
      AccessReportSpec: { AccessReportTrigger: 1 },
    });
    expect(config(client, CONFIG_REQUEST.KeepaliveSpec)).toEqual({ KeepaliveSpec: wanted.KeepaliveSpec });
    expect(config(client, CONFIG_REQUEST.GPOWriteData, { GPOPortNum: 3 })).toEqual({
      GPOWriteData: wanted.GPOWriteData,
    });
    expect(config(client, CONFIG_REQUEST.GPIPortCurrentState, { GPIPortNum: 2 })).toEqual({
      GPIPortCurrentState: wanted.GPIPortCurrentState,
    });
    expect(config(client, CONFIG_REQUEST.EventsAndReports)).toEqual({
      EventsAndReports: wanted.EventsAndReports,
    });
    expect(config(client, CONFIG_REQUEST.AntennaConfiguration, { AntennaID: 2 })).toMatchObject({
      AntennaConfiguration: [antenna],
    });
    expect(config(client, CONFIG_REQUEST.AntennaProperties, { AntennaID: 2 })).toEqual({
      AntennaProperties: [{ AntennaConnected: true, AntennaID: 2, AntennaGain: 0 }],
    });
    expect(config(client, CONFIG_REQUEST.ReaderEventNotificationSpec)).toMatchObject({
      ReaderEventNotificationSpec: {
        EventNotificationState: expect.arrayContaining([{ EventType: 1, NotificationState: true }]),
      },
    });
    expect(client.status('SET_READER_CONFIG', { ResetToFactoryDefault: true })).toContain('M_Success');
    const { LLRPConfigurationStateValue: before, ...rest } = factory;
    const { LLRPConfigurationStateValue: after, ...now } = config(client, CONFIG_REQUEST.All);
    expect(now).toEqual(rest);
    expect(after).not.toEqual(before);
  });

  it('changes its state value with every change, and only then', () => {
    const client = connected();
    const value = () => JSON.stringify(config(client, CONFIG_REQUEST.LLRPConfigurationStateValue));
    const values = [value(), value()];
    client.ask('ADD_ROSPEC', { ROSpec: specOf(1) });
    values.push(value());
    client.ask('ADD_ROSPEC', { ROSpec: specOf(1) });
    values.push(value());
    expect(new Set(values).size).toBe(2);
    expect(values[1]).toBe(values[0]);
    expect(values[3]).toBe(values[2]);
  });

  it('is refused whole where a part cannot be', () => {
    const client = connected({ canHold: false });
    const KeepaliveSpec = { KeepaliveTriggerType: 1, PeriodicTriggerValue: 1_000 };
    const wrong: [Partial<MessageInputs['SET_READER_CONFIG']>, string][] = [
      [{ GPIPortCurrentState: [{ GPIPortNum: 9, GPIConfig: true, State: 0 }] }, 'A_OutOfRange'],
      [{ GPOWriteData: [{ GPOPortNumber: 9, GPOData: true }] }, 'A_OutOfRange'],
      [{ AntennaConfiguration: [{ AntennaID: 9 }] }, 'A_OutOfRange'],
      [
        { AntennaProperties: [{ AntennaID: 1, AntennaConnected: true, AntennaGain: 1 }] },
        'M_UnsupportedParameter',
      ],
      [{ EventsAndReports: { HoldEventsAndReportsUponReconnect: true } }, 'M_UnsupportedParameter'],
      [{ AccessReportSpec: { AccessReportTrigger: 2 } }, 'M_FieldError'],
      [{ ROReportSpec: { ...specOf(1).ROReportSpec, ROReportTrigger: 9 } as never }, 'M_FieldError'],
    ];
    for (const [more, why] of wrong) expect(set(client, { KeepaliveSpec, ...more })).toContain(why);
    expect(client.wait(5_000)).toEqual([]);
    expect(
      client.status('GET_READER_CONFIG', { AntennaID: 9, RequestedData: 0, GPIPortNum: 0, GPOPortNum: 0 }),
    ).toContain('A_OutOfRange');
    expect(
      client.status('GET_READER_CONFIG', { AntennaID: 0, RequestedData: 77, GPIPortNum: 0, GPOPortNum: 0 }),
    ).toContain('M_FieldError');
  });

  it('of antennas decides what is read: power, sensitivity, filters', () => {
    const readsWith = (settings: Omit<AntennaConfiguration, 'AntennaID'>): number => {
      const client = connected();
      expect(set(client, { AntennaConfiguration: [{ AntennaID: 0, ...settings }] })).toContain('M_Success');
      client.start();
      client.reader.setTags([{ ...TAG, rssiDbm: -60 }]);
      return tagsOf(client.wait(2_000)).length;
    };
    const transmit = (TransmitPower: number) => ({
      RFTransmitter: { HopTableID: 1, ChannelIndex: 1, TransmitPower },
    });
    const filters = (...C1G2Filters: C1G2Filter[]) => ({
      C1G2InventoryCommand: [{ TagInventoryStateAware: false, C1G2Filter: C1G2Filters }],
    });
    const filter = (TagMask: string, Action: number): C1G2Filter => ({
      T: 0,
      C1G2TagInventoryMask: { MB: 1, Pointer: 32, TagMask },
      C1G2TagInventoryStateUnawareFilterAction: { Action },
    });
    expect(readsWith({})).toBeGreaterThan(8);
    expect(readsWith(transmit(81))).toBeGreaterThan(8);
    expect(readsWith(transmit(1))).toBeLessThan(3);
    expect(readsWith({ RFReceiver: { ReceiverSensitivity: 1 } })).toBeGreaterThan(8);
    expect(readsWith({ RFReceiver: { ReceiverSensitivity: 42 } })).toBe(0);
    const isRead = (...wanted: C1G2Filter[]) => readsWith(filters(...wanted)) > 0;
    // The EPC begins with 0011 0000.
    expect(isRead(filter('0011', 0))).toBe(true);
    expect(isRead(filter('1111', 0))).toBe(false);
    expect(isRead(filter('0011', 1))).toBe(true);
    expect(isRead(filter('1111', 2))).toBe(false);
    expect(isRead(filter('0011', 3))).toBe(false);
    expect(isRead(filter('1111', 4))).toBe(true);
    expect(isRead(filter('1111', 5))).toBe(true);
    expect(isRead(filter('1111', 1), filter('00110000', 1))).toBe(true);
    expect(isRead(filter('0011', 0), filter('00110000', 3))).toBe(false);
  });
});

describe('events', () => {
  it('come as subscribed, and no others', () => {
    const eventsOf = (wanted: readonly number[]): string[] => {
      const client = connected();
      const EventNotificationState = wanted.map((EventType) => ({ EventType, NotificationState: true }));
      set(client, {
        ReaderEventNotificationSpec: { EventNotificationState },
        GPIPortCurrentState: [{ GPIPortNum: 1, GPIConfig: true, State: 0 }],
      });
      client.reader.setTags([TAG]);
      client.reader.setGpi(1, true);
      client.reader.setAntennaConnected(2, false);
      client.reader.raiseException('too hot');
      const heard = client.wait(0);
      client.ask('ADD_ROSPEC', { ROSpec: specOf(1) });
      heard.push(
        ...client.ask('ENABLE_ROSPEC', { ROSpecID: 1 }),
        ...client.ask('START_ROSPEC', { ROSpecID: 1 }),
      );
      heard.push(...client.wait(100), ...client.ask('STOP_ROSPEC', { ROSpecID: 1 }));
      return heard.flatMap((message) =>
        message.name === 'READER_EVENT_NOTIFICATION'
          ? Object.keys(message.body.ReaderEventNotificationData).filter((name) => name !== 'UTCTimestamp')
          : [],
      );
    };
    expect(eventsOf([])).toEqual([]);
    expect(eventsOf([0])).toEqual(['HoppingEvent']);
    expect(eventsOf([1])).toEqual(['GPIEvent']);
    expect(eventsOf([2])).toEqual(['ROSpecEvent', 'ROSpecEvent']);
    expect(eventsOf([4])).toEqual(['ReaderExceptionEvent']);
    expect(eventsOf([6])).toEqual(['AISpecEvent']);
    expect(eventsOf([6, 7])).toEqual(['AISpecEvent']);
    expect(eventsOf([8])).toEqual(['AntennaEvent']);
  });
});

describe('a buffer that fills up', () => {
  it('is announced only to a client that wants to know', () => {
    const warningsWith = (NotificationState: boolean): number => {
      const client = connected({ bufferCapacity: 10 });
      set(client, {
        EventsAndReports: { HoldEventsAndReportsUponReconnect: true },
        ReaderEventNotificationSpec: { EventNotificationState: [{ EventType: 3, NotificationState }] },
      });
      client.start();
      client.reader.onDisconnect(client.now);
      client.reader.setTags([TAG]);
      client.wait(5_000);
      client.reader.setTags([]);
      client.connect();
      return client
        .ask('ENABLE_EVENTS_AND_REPORTS', {})
        .filter((message) => JSON.stringify(message.body).includes('ReportBufferPercentageFull')).length;
    };
    expect([true, false].map(warningsWith)).toEqual([1, 0]);
  });
});

describe('what the reader cannot make sense of', () => {
  it('gets the response of its name where there is one, and ERROR_MESSAGE where not', () => {
    const client = connected();
    expect(raw(client, '0414 0000000a 00000007')).toBe(
      'ADD_ROSPEC_RESPONSE 7 M_ParameterError (100): ADD_ROSPEC: ROSpec is missing',
    );
    expect(raw(client, '0428 0000000a 00000008')).toContain('ADD_ACCESSSPEC_RESPONSE 8 M_ParameterError');
    expect(raw(client, '0401 0000000a 00000009')).toContain(
      'GET_READER_CAPABILITIES_RESPONSE 9 M_ParameterError',
    );
    expect(raw(client, '042d 0000000a 0000000a')).toBe(
      'ERROR_MESSAGE 10 M_UnsupportedMessage (109): message type 45 is not supported',
    );
    expect(raw(client, '043e 0000000a 0000000b')).toContain('ERROR_MESSAGE 11 M_UnexpectedMessage (112)');
    expect(raw(client, '07ff 00000010 0000000c 0000651a 15 00')).toBe(
      'ERROR_MESSAGE 12 M_UnsupportedMessage (109): CUSTOM_MESSAGE of vendor 25882 is not supported',
    );
  });

  it('is refused in a version that is not in use, and a version is chosen once', () => {
    const client = connected();
    expect(client.status('GET_ROSPECS', {}, 2)).toContain('ERROR_MESSAGE M_UnsupportedVersion');
    expect(client.status('SET_PROTOCOL_VERSION', { ProtocolVersion: 3 }, 2)).toContain(
      'M_UnsupportedVersion',
    );
    expect(client.status('SET_PROTOCOL_VERSION', { ProtocolVersion: 2 }, 2)).toContain('M_Success');
    expect(client.status('SET_PROTOCOL_VERSION', { ProtocolVersion: 1 }, 2)).toContain('M_UnexpectedMessage');
    expect(client.status('GET_ROSPECS', {}, 1)).toContain('ERROR_MESSAGE M_UnsupportedVersion');
    expect(client.status('GET_ROSPECS', {}, 2)).toContain('M_Success');
    client.reader.onDisconnect(client.now);
    client.connect();
    expect(client.status('GET_ROSPECS', {}, 1)).toContain('M_Success');
  });
});
