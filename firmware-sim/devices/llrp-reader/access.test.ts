import { describe, expect, it } from 'vitest';
import {
  type AccessSpec,
  LOCK_FIELD,
  LOCK_PRIVILEGE,
  MEMORY_BANK,
  OP_SPEC_RESULTS,
  type OpSpec,
} from '../../../protocol/wire/llrp/access.ts';
import type { LlrpMessage } from '../../../protocol/wire/llrp/codec.ts';
import { fromRaw, type Parameter, type RawParameter } from '../../../protocol/wire/llrp/schema.ts';
import { LlrpClient, specOf, TAG, tagsOf } from './llrp-client.fixture.ts';
import { TagMemory } from './tag-memory.ts';

const at = (MB: number, WordPointer: number, AccessPassword = 0) => ({ MB, WordPointer, AccessPassword });
const read = (OpSpecID: number, MB: number, pointer: number, WordCount: number, password = 0): OpSpec => ({
  kind: 'C1G2Read',
  OpSpecID,
  WordCount,
  ...at(MB, pointer, password),
});
const write = (OpSpecID: number, MB: number, pointer: number, WriteData: number[], password = 0): OpSpec => ({
  kind: 'C1G2Write',
  OpSpecID,
  WriteData,
  ...at(MB, pointer, password),
});

function accessSpec(
  AccessSpecID: number,
  OpSpec: readonly OpSpec[],
  more: Partial<AccessSpec> = {},
): AccessSpec {
  return {
    AccessSpecID,
    AntennaID: 0,
    ProtocolID: 1,
    CurrentState: false,
    ROSpecID: 0,
    AccessSpecStopTrigger: { AccessSpecStopTrigger: 0, OperationCountValue: 0 },
    AccessCommand: {
      C1G2TagSpec: {
        C1G2TargetTag: [{ MB: MEMORY_BANK.EPC, Match: true, Pointer: 0, TagMask: '', TagData: '' }],
      },
      OpSpec,
    },
    ...more,
  };
}

const ONCE = { AccessSpecStopTrigger: { AccessSpecStopTrigger: 1, OperationCountValue: 1 } };

/** A reader at work on one strong tag. */
function working(): LlrpClient {
  const client = new LlrpClient();
  client.connect();
  client.start();
  client.reader.setTags([TAG]);
  client.wait(1_000);
  return client;
}

/** Carries the operations out once and says what each came to. */
function perform(client: LlrpClient, ...ops: OpSpec[]): unknown[] {
  expect(client.status('ADD_ACCESSSPEC', { AccessSpec: accessSpec(1, ops, ONCE) })).toContain('M_Success');
  expect(client.status('ENABLE_ACCESSSPEC', { AccessSpecID: 1 })).toContain('M_Success');
  return resultsOf(client.wait(3_000));
}

function resultsOf(messages: readonly LlrpMessage[]): unknown[] {
  return tagsOf(messages).flatMap((tag) => (tag.extras ?? []).map(resultOf));
}

function resultOf(raw: RawParameter): unknown {
  for (const [kind, definition] of Object.entries(OP_SPEC_RESULTS)) {
    const result = fromRaw(definition as Parameter<object>, raw);
    if (result !== undefined) return { kind, ...result };
  }
  throw new Error(`no result: ${raw.type}`);
}

describe('the life of an AccessSpec', () => {
  it('is added, enabled, listed, disabled, deleted, and each mistake has its status', () => {
    const client = new LlrpClient();
    client.connect();
    const AccessSpec = accessSpec(7, [read(1, MEMORY_BANK.TID, 0, 2)]);
    expect(client.status('ENABLE_ACCESSSPEC', { AccessSpecID: 7 })).toBe(
      'ENABLE_ACCESSSPEC_RESPONSE M_FieldError (101): AccessSpec 7 does not exist',
    );
    expect(client.status('ADD_ACCESSSPEC', { AccessSpec })).toBe('ADD_ACCESSSPEC_RESPONSE M_Success (0)');
    expect(client.status('ADD_ACCESSSPEC', { AccessSpec })).toContain('AccessSpec 7 already exists');
    expect(client.status('ADD_ACCESSSPEC', { AccessSpec: accessSpec(0, []) })).toContain('M_FieldError');
    expect(client.status('ADD_ACCESSSPEC', { AccessSpec: accessSpec(8, []) })).toContain(
      'M_MissingParameter',
    );
    expect(
      client.status('ADD_ACCESSSPEC', { AccessSpec: { ...AccessSpec, AccessSpecID: 8, AntennaID: 9 } }),
    ).toContain('A_OutOfRange');
    expect(client.ask('GET_ACCESSSPECS', {})).toMatchObject([{ body: { AccessSpec: [AccessSpec] } }]);
    expect(client.status('ENABLE_ACCESSSPEC', { AccessSpecID: 0 })).toContain('M_Success');
    expect(client.ask('GET_ACCESSSPECS', {})).toMatchObject([
      { body: { AccessSpec: [{ AccessSpecID: 7, CurrentState: true }] } },
    ]);
    expect(client.status('DISABLE_ACCESSSPEC', { AccessSpecID: 7 })).toContain('M_Success');
    expect(client.status('DELETE_ACCESSSPEC', { AccessSpecID: 7 })).toContain('M_Success');
    expect(client.status('DELETE_ACCESSSPEC', { AccessSpecID: 7 })).toContain('does not exist');
    expect(client.status('DELETE_ACCESSSPEC', { AccessSpecID: 0 })).toContain('M_Success');
    expect(client.ask('GET_ACCESSSPECS', {})).toEqual([
      expect.objectContaining({ body: { LLRPStatus: { StatusCode: 0, ErrorDescription: '' } } }),
    ]);
  });

  it('works only while enabled, on the antenna, ROSpec and tags it names', () => {
    const client = working();
    const [only, other] = [[{ ...TAG }], accessSpec(1, [read(1, MEMORY_BANK.TID, 0, 2)])];
    const target = (TagData: string, Match = true) => ({
      AccessCommand: {
        C1G2TagSpec: {
          C1G2TargetTag: [{ MB: 1, Match, Pointer: 32, TagMask: '11111111', TagData }],
        },
        OpSpec: [read(1, MEMORY_BANK.TID, 0, 2)],
      },
    });
    const outcomes = [
      other,
      { ...other, AntennaID: 2 },
      { ...other, ROSpecID: 5 },
      { ...other, ...target('00110000') },
      { ...other, ...target('00110001') },
      { ...other, ...target('00110001', false) },
    ].map((AccessSpec) => {
      client.reader.setTags(only);
      client.ask('ADD_ACCESSSPEC', { AccessSpec });
      const disabled = resultsOf(client.wait(1_000)).length;
      client.ask('ENABLE_ACCESSSPEC', { AccessSpecID: 1 });
      const enabled = resultsOf(client.wait(1_000)).length;
      client.ask('DELETE_ACCESSSPEC', { AccessSpecID: 1 });
      return [disabled, enabled > 0, resultsOf(client.wait(1_000)).length];
    });
    expect(outcomes).toEqual([
      [0, true, 0],
      [0, false, 0],
      [0, false, 0],
      [0, true, 0],
      [0, false, 0],
      [0, true, 0],
    ]);
  });

  it('is gone after as many executions as it was given', () => {
    const client = working();
    const stop = { AccessSpecStopTrigger: { AccessSpecStopTrigger: 1, OperationCountValue: 3 } };
    client.ask('ADD_ACCESSSPEC', { AccessSpec: accessSpec(1, [read(1, MEMORY_BANK.TID, 0, 1)], stop) });
    client.ask('ENABLE_ACCESSSPEC', { AccessSpecID: 1 });
    expect(resultsOf(client.wait(5_000))).toHaveLength(3);
    expect(client.status('DELETE_ACCESSSPEC', { AccessSpecID: 1 })).toContain('does not exist');
  });

  it('reports at its own end, or along with the tags, and names itself', () => {
    const client = new LlrpClient();
    client.connect();
    const spec = specOf(1);
    const report = {
      ROReportTrigger: 0,
      N: 0,
      TagReportContentSelector: spec.ROReportSpec?.TagReportContentSelector,
    };
    const TagReportContentSelector = { ...report.TagReportContentSelector, EnableAccessSpecID: true };
    client.ask('ADD_ROSPEC', {
      ROSpec: { ...spec, ROReportSpec: { ...report, TagReportContentSelector } as never },
    });
    client.ask('ENABLE_ROSPEC', { ROSpecID: 1 });
    client.ask('START_ROSPEC', { ROSpecID: 1 });
    client.reader.setTags([TAG]);
    const along = accessSpec(1, [read(1, MEMORY_BANK.TID, 0, 1)]);
    client.ask('ADD_ACCESSSPEC', { AccessSpec: along });
    client.ask('ENABLE_ACCESSSPEC', { AccessSpecID: 1 });
    expect(client.wait(1_000)).toEqual([]);
    const collected = client.ask('GET_REPORT', {});
    expect(resultsOf(collected).length).toBeGreaterThan(2);
    expect(tagsOf(collected)[0]).toMatchObject({ AccessSpecID: 1, TagSeenCount: 1 });
    client.ask('DELETE_ACCESSSPEC', { AccessSpecID: 1 });
    const AccessReportSpec = { AccessReportTrigger: 1 };
    client.ask('ADD_ACCESSSPEC', { AccessSpec: { ...along, AccessReportSpec } });
    client.ask('ENABLE_ACCESSSPEC', { AccessSpecID: 1 });
    expect(resultsOf(client.wait(1_000)).length).toBeGreaterThan(2);
  });
});

describe('access to a tag', () => {
  it('reads TID and EPC, writes user memory and reads it back, in the order given', () => {
    const client = working();
    expect(
      perform(
        client,
        read(1, MEMORY_BANK.TID, 0, 2),
        read(2, MEMORY_BANK.EPC, 2, 6),
        write(3, MEMORY_BANK.User, 4, [0xdead, 0xbeef]),
        read(4, MEMORY_BANK.User, 3, 3),
        { kind: 'C1G2BlockErase', OpSpecID: 5, WordCount: 1, ...at(MEMORY_BANK.User, 4) },
        { kind: 'C1G2BlockWrite', OpSpecID: 6, WriteData: [7], ...at(MEMORY_BANK.User, 6) },
        read(7, MEMORY_BANK.User, 4, 3),
      ),
    ).toEqual([
      { kind: 'C1G2Read', Result: 0, OpSpecID: 1, ReadData: [0xe280, 0x1160] },
      { kind: 'C1G2Read', Result: 0, OpSpecID: 2, ReadData: [0x3074, 0x257b, 0xf719, 0x4e40, 0, 0x1a85] },
      { kind: 'C1G2Write', Result: 0, OpSpecID: 3, NumWordsWritten: 2 },
      { kind: 'C1G2Read', Result: 0, OpSpecID: 4, ReadData: [0, 0xdead, 0xbeef] },
      { kind: 'C1G2BlockErase', Result: 0, OpSpecID: 5 },
      { kind: 'C1G2BlockWrite', Result: 0, OpSpecID: 6, NumWordsWritten: 1 },
      { kind: 'C1G2Read', Result: 0, OpSpecID: 7, ReadData: [0, 0xbeef, 7] },
    ]);
  });

  it('stops at the first operation that fails', () => {
    const client = working();
    expect(perform(client, read(1, MEMORY_BANK.User, 31, 2), read(2, MEMORY_BANK.User, 0, 1))).toEqual([
      { kind: 'C1G2Read', Result: 1, OpSpecID: 1, ReadData: [] },
    ]);
    expect(perform(client, write(1, MEMORY_BANK.User, 32, [1]))).toMatchObject([{ Result: 1 }]);
    expect(perform(client, write(1, MEMORY_BANK.TID, 0, [1]))).toMatchObject([{ Result: 2 }]);
  });

  it('locks memory behind a password, and for ever', () => {
    const client = working();
    const lock = (OpSpecID: number, Privilege: number, AccessPassword: number): OpSpec => ({
      kind: 'C1G2Lock',
      OpSpecID,
      AccessPassword,
      C1G2LockPayload: [{ Privilege, DataField: LOCK_FIELD.User }],
    });
    expect(perform(client, write(1, MEMORY_BANK.Reserved, 2, [0x1234, 0x5678]))).toMatchObject([
      { Result: 0 },
    ]);
    const password = 0x12345678;
    expect(perform(client, lock(1, LOCK_PRIVILEGE.ReadWrite, 1))).toMatchObject([{ Result: 2 }]);
    expect(perform(client, lock(1, LOCK_PRIVILEGE.ReadWrite, password))).toMatchObject([{ Result: 0 }]);
    expect(perform(client, write(1, MEMORY_BANK.User, 0, [1]))).toMatchObject([{ Result: 2 }]);
    expect(perform(client, write(1, MEMORY_BANK.User, 0, [1], 99))).toMatchObject([{ Result: 4 }]);
    expect(perform(client, write(1, MEMORY_BANK.User, 0, [1], password))).toMatchObject([{ Result: 0 }]);
    expect(perform(client, lock(1, LOCK_PRIVILEGE.Permalock, password))).toMatchObject([{ Result: 0 }]);
    expect(perform(client, write(1, MEMORY_BANK.User, 0, [1], password))).toMatchObject([{ Result: 2 }]);
    expect(perform(client, lock(1, LOCK_PRIVILEGE.Unlock, password))).toMatchObject([{ Result: 2 }]);
  });

  it('kills a tag that has a kill password, which then stays silent', () => {
    const client = working();
    const kill = (KillPassword: number): OpSpec => ({ kind: 'C1G2Kill', OpSpecID: 1, KillPassword });
    expect(perform(client, kill(0))).toMatchObject([{ Result: 1 }]);
    expect(perform(client, write(1, MEMORY_BANK.Reserved, 0, [0, 42]))).toMatchObject([{ Result: 0 }]);
    expect(perform(client, kill(41))).toMatchObject([{ Result: 3 }]);
    expect(perform(client, kill(42))).toMatchObject([{ Result: 0 }]);
    expect(tagsOf(client.wait(5_000))).toEqual([]);
  });

  it('gives a tag a new EPC, which it keeps over a power cycle of the reader', () => {
    const client = working();
    expect(perform(client, write(1, MEMORY_BANK.EPC, 2, [0xabcd]))).toMatchObject([{ Result: 0 }]);
    const epcs = () => [...new Set(tagsOf(client.wait(2_000)).map(({ EPC }) => EPC))];
    expect(epcs()).toEqual(['abcd257bf7194e4000001a85']);
    client.reader.powerCycle();
    client.wait(0);
    client.connect();
    client.start();
    expect(epcs()).toEqual(['abcd257bf7194e4000001a85']);
  });
});

describe('the memory of a tag', () => {
  // PC, EPC and CRC of a published capture of a real tag.
  it('has the CRC of Gen2 over PC and EPC', () => {
    const memory = new TagMemory('000000000000000000001545');
    expect([memory.pc, memory.crc]).toEqual([0x3000, 0xe94a]);
    expect(memory.read(MEMORY_BANK.EPC, 0, 2, true)).toEqual([0xe94a, 0x3000]);
  });

  it('has a TID of its own', () => {
    const [one, other] = ['00', '01'].map((last) => new TagMemory(`3074257bf7194e4000001a${last}`));
    const tids = [one, other].map((memory) => JSON.stringify(memory?.read(MEMORY_BANK.TID, 0, 0, true)));
    expect(new Set(tids).size).toBe(2);
  });
});
