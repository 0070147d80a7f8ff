import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMessage } from '../../../protocol/wire/llrp/codec.ts';
import { LlrpClient, specOf, TAG, tagsOf } from './llrp-client.fixture.ts';

describe('the simulated LLRP reader', () => {
  it('greets its client', () => {
    expect(new LlrpClient().connect()).toMatchObject([
      {
        name: 'READER_EVENT_NOTIFICATION',
        version: 1,
        body: { ReaderEventNotificationData: { ConnectionAttemptEvent: { Status: 0 } } },
      },
    ]);
  });

  it('refuses what comes in the wrong order and says why', () => {
    const client = new LlrpClient();
    client.connect();
    expect(client.status('START_ROSPEC', { ROSpecID: 1 })).toBe(
      'START_ROSPEC_RESPONSE M_FieldError (101): ROSpec 1 does not exist',
    );
    expect(client.status('ADD_ROSPEC', { ROSpec: specOf(1) })).toBe('ADD_ROSPEC_RESPONSE M_Success (0)');
    expect(client.status('ADD_ROSPEC', { ROSpec: specOf(1) })).toContain('ROSpec 1 already exists');
    expect(client.status('ADD_ROSPEC', { ROSpec: specOf(2, [7]) })).toContain('there is no antenna 7');
    expect(client.status('START_ROSPEC', { ROSpecID: 1 })).toContain('ROSpec 1 is disabled, enable it first');
    expect(client.status('ENABLE_ROSPEC', { ROSpecID: 1 })).toContain('M_Success');
    expect(client.status('START_ROSPEC', { ROSpecID: 1 })).toContain('M_Success');
    expect(client.status('START_ROSPEC', { ROSpecID: 1 })).toContain('ROSpec 1 is active already');
    expect(client.status('STOP_ROSPEC', { ROSpecID: 1 })).toContain('M_Success');
    expect(client.status('DELETE_ROSPEC', { ROSpecID: 5 })).toContain('ROSpec 5 does not exist');
    expect(client.status('DELETE_ROSPEC', { ROSpecID: 0 })).toContain('M_Success');
    expect(client.ask('GET_ROSPECS', {})).toMatchObject([{ name: 'GET_ROSPECS_RESPONSE', body: {} }]);
  });

  it('answers versions and messages it does not know with ERROR_MESSAGE', () => {
    const old = new LlrpClient({ version: '1.0.1' });
    old.connect();
    expect(old.status('GET_SUPPORTED_VERSION', {}, 2)).toContain('ERROR_MESSAGE M_UnsupportedVersion (110)');
    const Data = new Uint8Array(2);
    expect(old.status('CUSTOM_MESSAGE', { VendorIdentifier: 25882, MessageSubtype: 21, Data })).toContain(
      'ERROR_MESSAGE M_UnsupportedMessage (109)',
    );
    expect(old.status('SET_PROTOCOL_VERSION', { ProtocolVersion: 2 })).toContain('M_UnsupportedVersion');
    const young = new LlrpClient();
    young.connect();
    expect(young.ask('GET_SUPPORTED_VERSION', {}, 2)).toMatchObject([
      { body: { CurrentVersion: 1, SupportedVersion: 2 } },
    ]);
    expect(young.status('SET_PROTOCOL_VERSION', { ProtocolVersion: 2 }, 2)).toContain('M_Success');
    expect(young.ask('GET_ROSPECS', {}, 2)).toMatchObject([{ version: 2 }]);
  });

  it('reads a strong tag in nearly every round, a weak one hardly ever, none without a ROSpec', () => {
    const client = new LlrpClient();
    client.connect();
    client.reader.setTags([TAG, { ...TAG, epc: '3074257bf7194e4000001a86', rssiDbm: -90 }]);
    expect(client.wait(10_000)).toEqual([]);
    client.start();
    const epcs = tagsOf(client.wait(10_000)).map((tag) => tag.EPC);
    expect(epcs.filter((epc) => epc === TAG.epc).length).toBeGreaterThan(45);
    expect(epcs.filter((epc) => epc !== TAG.epc).length).toBeLessThan(5);
  });

  it('sends what belongs together in one piece', () => {
    const client = new LlrpClient();
    client.connect();
    client.start();
    client.reader.setTags(
      Array.from({ length: 20 }, (_, i) => ({ ...TAG, epc: `30742500000000000000${1000 + i}` })),
    );
    const due = client.reader.nextTickAt() ?? 0;
    const output = client.reader.onTick(due);
    expect(output.send).toHaveLength(1);
    expect(client.hear(output).length).toBeGreaterThan(10);
  });

  it('leaves out unchanged values within a connection only', () => {
    const client = new LlrpClient({ omitUnchanged: true });
    client.connect();
    client.start();
    client.reader.setTags([TAG]);
    const [first, second] = tagsOf(client.wait(2_000));
    expect(first).toMatchObject({ ROSpecID: 1, AntennaID: 1, TagSeenCount: 1 });
    expect(second).toMatchObject({ EPC: TAG.epc, ROSpecID: undefined, AntennaID: undefined });
    client.reader.onDisconnect(client.now);
    client.connect();
    expect(tagsOf(client.wait(2_000))[0]).toMatchObject({ ROSpecID: 1, AntennaID: 1, TagSeenCount: 1 });
  });

  it('loses what nobody receives unless configured to hold it, and then holds no more than its buffer', () => {
    const deaf = new LlrpClient();
    const holding = new LlrpClient({ bufferCapacity: 10 });
    for (const client of [deaf, holding]) {
      client.connect();
      if (client === holding) client.hold();
      client.start();
      client.reader.onDisconnect(client.now);
      client.reader.setTags([TAG]);
      expect(client.wait(10_000)).toEqual([]);
      client.reader.setTags([]);
      expect(client.connect()).toHaveLength(1);
    }
    expect(deaf.ask('ENABLE_EVENTS_AND_REPORTS', {})).toEqual([]);
    const released = holding.ask('ENABLE_EVENTS_AND_REPORTS', {});
    expect(tagsOf(released).length).toBe(9);
    expect(released.at(-1)).toMatchObject({
      body: { ReaderEventNotificationData: { ReportBufferOverflowErrorEvent: {} } },
    });
    expect(holding.ask('ENABLE_EVENTS_AND_REPORTS', {})).toEqual([]);
  });

  it('sends keepalives as configured, over reconnects, not over a power cycle', () => {
    const client = new LlrpClient();
    client.connect();
    const KeepaliveSpec = { KeepaliveTriggerType: 1, PeriodicTriggerValue: 1_000 };
    client.ask('SET_READER_CONFIG', { ResetToFactoryDefault: false, KeepaliveSpec });
    expect(client.wait(5_000).map((message) => message.name)).toEqual(Array(5).fill('KEEPALIVE'));
    client.reader.onDisconnect(client.now);
    expect(client.wait(5_000)).toEqual([]);
    client.connect();
    expect(client.wait(5_000)).toHaveLength(5);
    client.reader.powerCycle();
    expect(client.reader.onTick(client.now)).toMatchObject({ disconnect: true });
    client.connect();
    expect(client.wait(5_000)).toEqual([]);
  });

  it('forgets its ROSpecs over a power cycle', () => {
    const client = new LlrpClient();
    client.connect();
    client.start();
    client.reader.powerCycle();
    client.wait(0);
    client.connect();
    expect(client.status('START_ROSPEC', { ROSpecID: 1 })).toContain('does not exist');
  });

  it('turns away a second client without disturbing the first', () => {
    const client = new LlrpClient();
    client.connect();
    const refusal = client.reader.onConnect(client.now);
    expect(refusal).toMatchObject({ disconnect: true });
    expect(new LlrpClient().hear(refusal)).toMatchObject([
      { body: { ReaderEventNotificationData: { ConnectionAttemptEvent: { Status: 2 } } } },
    ]);
    expect(client.wait(10)).toMatchObject([
      { body: { ReaderEventNotificationData: { ConnectionAttemptEvent: { Status: 4 } } } },
    ]);
    expect(client.status('DELETE_ROSPEC', { ROSpecID: 0 })).toContain('M_Success');
  });

  it('says goodbye and hangs up when asked to', () => {
    const client = new LlrpClient();
    client.connect();
    const output = client.reader.onBytes(encodeMessage('CLOSE_CONNECTION', {}, 3, 1), client.now);
    expect(output.disconnect).toBe(true);
    expect(client.hear(output)).toMatchObject([{ name: 'CLOSE_CONNECTION_RESPONSE', id: 3 }]);
  });

  it('takes anything a client may send', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (chunks) => {
        const client = new LlrpClient();
        client.connect();
        for (const chunk of chunks) client.reader.onBytes(chunk, client.now);
        client.reader.onDisconnect(client.now);
        expect(client.connect()).toHaveLength(1);
      }),
    );
  });
});
