/**
 * Access to tag memory: AccessSpec and everything inside it (LLRP 1.1 §12.2, §16.2.1.3), what an OpSpec comes to,
 * and when it is reported. The operations of one AccessSpec keep their order across kinds.
 */
import { bitString, bits, flag, reserved, u8, u16, u16v, u32 } from './fields.ts';
import { choice, many, one, optional, parameter, type ValueOf } from './schema.ts';

export const ACCESS_STOP_TRIGGER = { Null: 0, OperationCount: 1 } as const;
export const ACCESS_REPORT_TRIGGER = { WheneverROReport: 0, EndOfAccessSpec: 1 } as const;
/** Memory banks of a Gen2 tag. */
export const MEMORY_BANK = { Reserved: 0, EPC: 1, TID: 2, User: 3 } as const;
export const LOCK_PRIVILEGE = { ReadWrite: 0, Permalock: 1, Permaunlock: 2, Unlock: 3 } as const;
export const LOCK_FIELD = { KillPassword: 0, AccessPassword: 1, EPC: 2, TID: 3, User: 4 } as const;

const AccessSpecStopTrigger = parameter(
  'AccessSpecStopTrigger',
  208,
  { AccessSpecStopTrigger: u8, OperationCountValue: u16 },
  {},
);
const C1G2TargetTag = parameter(
  'C1G2TargetTag',
  339,
  {
    MB: bits(2),
    Match: flag,
    Reserved: reserved(5),
    Pointer: u16,
    TagMask: bitString,
    TagData: bitString,
  },
  {},
);
export type C1G2TargetTag = ValueOf<typeof C1G2TargetTag>;
const C1G2TagSpec = parameter('C1G2TagSpec', 338, {}, { C1G2TargetTag: many(C1G2TargetTag) });

const words = { OpSpecID: u16, AccessPassword: u32, MB: bits(2), Reserved: reserved(6), WordPointer: u16 };
const C1G2LockPayload = parameter('C1G2LockPayload', 345, { Privilege: u8, DataField: u8 }, {});

/** By name, the operations that an AccessCommand may list. */
const OP_SPECS = {
  C1G2Read: parameter('C1G2Read', 341, { ...words, WordCount: u16 }, {}),
  C1G2Write: parameter('C1G2Write', 342, { ...words, WriteData: u16v }, {}),
  C1G2Kill: parameter('C1G2Kill', 343, { OpSpecID: u16, KillPassword: u32 }, {}),
  C1G2Lock: parameter(
    'C1G2Lock',
    344,
    { OpSpecID: u16, AccessPassword: u32 },
    { C1G2LockPayload: many(C1G2LockPayload) },
  ),
  C1G2BlockErase: parameter('C1G2BlockErase', 346, { ...words, WordCount: u16 }, {}),
  C1G2BlockWrite: parameter('C1G2BlockWrite', 347, { ...words, WriteData: u16v }, {}),
} as const;

const AccessCommand = parameter(
  'AccessCommand',
  209,
  {},
  { C1G2TagSpec: one(C1G2TagSpec), OpSpec: choice(OP_SPECS) },
);
export type OpSpec = NonNullable<ValueOf<typeof AccessCommand>['OpSpec']>[number];

export const AccessReportSpec = parameter('AccessReportSpec', 239, { AccessReportTrigger: u8 }, {});

export const AccessSpec = parameter(
  'AccessSpec',
  207,
  {
    AccessSpecID: u32,
    AntennaID: u16,
    ProtocolID: u8,
    /** True when enabled. */
    CurrentState: flag,
    Reserved: reserved(7),
    ROSpecID: u32,
  },
  {
    AccessSpecStopTrigger: one(AccessSpecStopTrigger),
    AccessCommand: one(AccessCommand),
    AccessReportSpec: optional(AccessReportSpec),
  },
);
export type AccessSpec = ValueOf<typeof AccessSpec>;

const outcome = { Result: u8, OpSpecID: u16 };

/** What became of an OpSpec: stands among the `extras` of a TagReportData. Result 0 is success. */
export const OP_SPEC_RESULTS = {
  C1G2Read: parameter('C1G2ReadOpSpecResult', 349, { ...outcome, ReadData: u16v }, {}),
  C1G2Write: parameter('C1G2WriteOpSpecResult', 350, { ...outcome, NumWordsWritten: u16 }, {}),
  C1G2Kill: parameter('C1G2KillOpSpecResult', 351, outcome, {}),
  C1G2Lock: parameter('C1G2LockOpSpecResult', 352, outcome, {}),
  C1G2BlockErase: parameter('C1G2BlockEraseOpSpecResult', 353, outcome, {}),
  C1G2BlockWrite: parameter('C1G2BlockWriteOpSpecResult', 354, { ...outcome, NumWordsWritten: u16 }, {}),
} as const;
