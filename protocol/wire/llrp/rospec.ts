/**
 * The reader operation: ROSpec and everything inside it (LLRP 1.1 §11.2, §14.2, §16.3), and the GPI trigger.
 */
import { bitString, bits, flag, reserved, rest, u8, u16, u16v, u32, u64 } from './fields.ts';
import { many, one, optional, parameter, type ValueOf } from './schema.ts';

export const UTCTimestamp = parameter('UTCTimestamp', 128, { Microseconds: u64 }, {});
export const Uptime = parameter('Uptime', 129, { Microseconds: u64 }, {});

export const START_TRIGGER = { Null: 0, Immediate: 1, Periodic: 2, GPI: 3 } as const;
export const STOP_TRIGGER = { Null: 0, Duration: 1, GPIWithTimeout: 2 } as const;
export const AISPEC_STOP_TRIGGER = { Null: 0, Duration: 1, GPIWithTimeout: 2, TagObservation: 3 } as const;
/** The last two in LLRP 1.1 only. */
export const TAG_OBSERVATION = {
  NTags: 0,
  NoMoreNewTags: 1,
  NAttempts: 2,
  NUniqueTags: 3,
  NoMoreNewUniqueTags: 4,
} as const;
/** What a C1G2Filter does to the tags that match, and to the others (LLRP 1.1 §16.2.1.2.1.1.3). */
export const FILTER_ACTION = {
  SelectUnselect: 0,
  SelectNothing: 1,
  NothingUnselect: 2,
  UnselectNothing: 3,
  UnselectSelect: 4,
  NothingSelect: 5,
} as const;
export const ROSPEC_STATE = { Disabled: 0, Inactive: 1, Active: 2 } as const;
export const REPORT_TRIGGER = { None: 0, NTagsOrEndOfAISpec: 1, NTagsOrEndOfROSpec: 2 } as const;
export const C1G2_AIR_PROTOCOL = 1;

const PeriodicTriggerValue = parameter(
  'PeriodicTriggerValue',
  180,
  { Offset: u32, Period: u32 },
  { UTCTimestamp: optional(UTCTimestamp) },
);
const GPITriggerValue = parameter(
  'GPITriggerValue',
  181,
  { GPIPortNum: u16, GPIEvent: flag, Reserved: reserved(7), Timeout: u32 },
  {},
);
const ROSpecStartTrigger = parameter(
  'ROSpecStartTrigger',
  179,
  { ROSpecStartTriggerType: u8 },
  { PeriodicTriggerValue: optional(PeriodicTriggerValue), GPITriggerValue: optional(GPITriggerValue) },
);
const ROSpecStopTrigger = parameter(
  'ROSpecStopTrigger',
  182,
  { ROSpecStopTriggerType: u8, DurationTriggerValue: u32 },
  { GPITriggerValue: optional(GPITriggerValue) },
);
const ROBoundarySpec = parameter(
  'ROBoundarySpec',
  178,
  {},
  { ROSpecStartTrigger: one(ROSpecStartTrigger), ROSpecStopTrigger: one(ROSpecStopTrigger) },
);

const TagObservationTrigger = parameter(
  'TagObservationTrigger',
  185,
  { TriggerType: u8, Reserved: u8, NumberOfTags: u16, NumberOfAttempts: u16, T: u16, Timeout: u32 },
  {},
);
const AISpecStopTrigger = parameter(
  'AISpecStopTrigger',
  184,
  { AISpecStopTriggerType: u8, DurationTrigger: u32 },
  { GPITriggerValue: optional(GPITriggerValue), TagObservationTrigger: optional(TagObservationTrigger) },
);

const RFReceiver = parameter('RFReceiver', 223, { ReceiverSensitivity: u16 }, {});
const RFTransmitter = parameter(
  'RFTransmitter',
  224,
  { HopTableID: u16, ChannelIndex: u16, TransmitPower: u16 },
  {},
);
const C1G2RFControl = parameter('C1G2RFControl', 335, { ModeIndex: u16, Tari: u16 }, {});
const C1G2TagInventoryStateAwareSingulationAction = parameter(
  'C1G2TagInventoryStateAwareSingulationAction',
  337,
  { I: flag, S: flag, SAll: flag, Reserved: reserved(5) },
  {},
);
const C1G2SingulationControl = parameter(
  'C1G2SingulationControl',
  336,
  { Session: bits(2), Reserved: reserved(6), TagPopulation: u16, TagTransitTime: u32 },
  {
    C1G2TagInventoryStateAwareSingulationAction: optional(C1G2TagInventoryStateAwareSingulationAction),
  },
);
const C1G2TagInventoryMask = parameter(
  'C1G2TagInventoryMask',
  332,
  { MB: bits(2), Reserved: reserved(6), Pointer: u16, TagMask: bitString },
  {},
);
const C1G2TagInventoryStateAwareFilterAction = parameter(
  'C1G2TagInventoryStateAwareFilterAction',
  333,
  { Target: u8, Action: u8 },
  {},
);
const C1G2TagInventoryStateUnawareFilterAction = parameter(
  'C1G2TagInventoryStateUnawareFilterAction',
  334,
  { Action: u8 },
  {},
);
export const C1G2Filter = parameter(
  'C1G2Filter',
  331,
  { T: bits(2), Reserved: reserved(6) },
  {
    C1G2TagInventoryMask: one(C1G2TagInventoryMask),
    C1G2TagInventoryStateAwareFilterAction: optional(C1G2TagInventoryStateAwareFilterAction),
    C1G2TagInventoryStateUnawareFilterAction: optional(C1G2TagInventoryStateUnawareFilterAction),
  },
);
export type C1G2Filter = ValueOf<typeof C1G2Filter>;
const C1G2InventoryCommand = parameter(
  'C1G2InventoryCommand',
  330,
  { TagInventoryStateAware: flag, Reserved: reserved(7) },
  {
    C1G2Filter: many(C1G2Filter),
    C1G2RFControl: optional(C1G2RFControl),
    C1G2SingulationControl: optional(C1G2SingulationControl),
  },
);
export const AntennaConfiguration = parameter(
  'AntennaConfiguration',
  222,
  { AntennaID: u16 },
  {
    RFReceiver: optional(RFReceiver),
    RFTransmitter: optional(RFTransmitter),
    C1G2InventoryCommand: many(C1G2InventoryCommand),
  },
);
export type AntennaConfiguration = ValueOf<typeof AntennaConfiguration>;
const InventoryParameterSpec = parameter(
  'InventoryParameterSpec',
  186,
  { InventoryParameterSpecID: u16, ProtocolID: u8 },
  { AntennaConfiguration: many(AntennaConfiguration) },
);
export const AISpec = parameter(
  'AISpec',
  183,
  { AntennaIDs: u16v },
  {
    AISpecStopTrigger: one(AISpecStopTrigger),
    InventoryParameterSpec: many(InventoryParameterSpec),
  },
);
export type AISpec = ValueOf<typeof AISpec>;
/** An RF survey: passed on raw, nobody here asks for one. */
const RFSurveySpec = parameter('RFSurveySpec', 187, { Data: rest }, {});
/** LLRP 1.1 only. */
const LoopSpec = parameter('LoopSpec', 355, { LoopCount: u32 }, {});

const C1G2EPCMemorySelector = parameter(
  'C1G2EPCMemorySelector',
  348,
  { EnableCRC: flag, EnablePCBits: flag, EnableXPCBits: flag, Reserved: reserved(5) },
  {},
);
export const TagReportContentSelector = parameter(
  'TagReportContentSelector',
  238,
  {
    EnableROSpecID: flag,
    EnableSpecIndex: flag,
    EnableInventoryParameterSpecID: flag,
    EnableAntennaID: flag,
    EnableChannelIndex: flag,
    EnablePeakRSSI: flag,
    EnableFirstSeenTimestamp: flag,
    EnableLastSeenTimestamp: flag,
    EnableTagSeenCount: flag,
    EnableAccessSpecID: flag,
    Reserved: reserved(6),
  },
  { C1G2EPCMemorySelector: many(C1G2EPCMemorySelector) },
);
export type TagReportContentSelector = ValueOf<typeof TagReportContentSelector>;
export const ROReportSpec = parameter(
  'ROReportSpec',
  237,
  { ROReportTrigger: u8, N: u16 },
  { TagReportContentSelector: one(TagReportContentSelector) },
);
export type ROReportSpec = ValueOf<typeof ROReportSpec>;

export const ROSpec = parameter(
  'ROSpec',
  177,
  { ROSpecID: u32, Priority: u8, CurrentState: u8 },
  {
    ROBoundarySpec: one(ROBoundarySpec),
    AISpec: many(AISpec),
    RFSurveySpec: many(RFSurveySpec),
    LoopSpec: optional(LoopSpec),
    ROReportSpec: optional(ROReportSpec),
  },
);
export type ROSpec = ValueOf<typeof ROSpec>;
