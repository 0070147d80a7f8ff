/**
 * What a reader reports unasked: ReaderEventNotificationData and its events (LLRP 1.1 §15.2.6).
 */
import { flag, reserved, rest, u8, u16, u32, utf8v } from './fields.ts';
import { Uptime, UTCTimestamp } from './rospec.ts';
import { optional, parameter, type ValueOf } from './schema.ts';

export const ROSPEC_EVENT = { Start: 0, End: 1, Preemption: 2 } as const;
export const ANTENNA_EVENT = { Disconnected: 0, Connected: 1 } as const;
export const CONNECTION_ATTEMPT = {
  Success: 0,
  ReaderInitiatedConnectionExists: 1,
  ClientInitiatedConnectionExists: 2,
  OtherFailure: 3,
  AnotherConnectionAttempted: 4,
} as const;

const CONNECTION_ATTEMPT_TEXTS: Readonly<Record<number, string>> = {
  0: 'connected',
  1: 'a reader-initiated connection already exists',
  2: 'another client-initiated connection exists',
  3: 'the reader gives no reason',
  4: 'another connection was attempted',
};

/** The reason of a ConnectionAttemptEvent in words. */
export function describeConnectionAttempt(status: number): string {
  return CONNECTION_ATTEMPT_TEXTS[status] ?? `unknown reason ${status}`;
}

const HoppingEvent = parameter('HoppingEvent', 247, { HopTableID: u16, NextChannelIndex: u16 }, {});
const GPIEvent = parameter('GPIEvent', 248, { GPIPortNumber: u16, State: flag, Reserved: reserved(7) }, {});
const ROSpecEvent = parameter(
  'ROSpecEvent',
  249,
  { EventType: u8, ROSpecID: u32, PreemptingROSpecID: u32 },
  {},
);
const ReportBufferLevelWarningEvent = parameter(
  'ReportBufferLevelWarningEvent',
  250,
  { ReportBufferPercentageFull: u8 },
  {},
);
const ReportBufferOverflowErrorEvent = parameter('ReportBufferOverflowErrorEvent', 251, {}, {});

const ROSpecID = parameter('ROSpecID', 9, { ROSpecID: u32 }, {});
const SpecIndex = parameter('SpecIndex', 14, { SpecIndex: u16 }, {});
const InventoryParameterSpecID = parameter(
  'InventoryParameterSpecID',
  10,
  { InventoryParameterSpecID: u16 },
  {},
);
const AntennaID = parameter('AntennaID', 1, { AntennaID: u16 }, {});
const AccessSpecID = parameter('AccessSpecID', 16, { AccessSpecID: u32 }, {});
const OpSpecID = parameter('OpSpecID', 17, { OpSpecID: u16 }, {});
const ReaderExceptionEvent = parameter(
  'ReaderExceptionEvent',
  252,
  { Message: utf8v },
  {
    ROSpecID: optional(ROSpecID),
    SpecIndex: optional(SpecIndex),
    InventoryParameterSpecID: optional(InventoryParameterSpecID),
    AntennaID: optional(AntennaID),
    AccessSpecID: optional(AccessSpecID),
    OpSpecID: optional(OpSpecID),
  },
);
/** An RF survey began or ended: passed on raw. */
const RFSurveyEvent = parameter('RFSurveyEvent', 253, { Data: rest }, {});
const C1G2SingulationDetails = parameter(
  'C1G2SingulationDetails',
  18,
  { NumCollisionSlots: u16, NumEmptySlots: u16 },
  {},
);
const AISpecEvent = parameter(
  'AISpecEvent',
  254,
  { EventType: u8, ROSpecID: u32, SpecIndex: u16 },
  { C1G2SingulationDetails: optional(C1G2SingulationDetails) },
);
const AntennaEvent = parameter('AntennaEvent', 255, { EventType: u8, AntennaID: u16 }, {});
const ConnectionAttemptEvent = parameter('ConnectionAttemptEvent', 256, { Status: u16 }, {});
const ConnectionCloseEvent = parameter('ConnectionCloseEvent', 257, {}, {});
/** LLRP 1.1 only. */
const SpecLoopEvent = parameter('SpecLoopEvent', 356, { ROSpecID: u32, LoopCount: u32 }, {});

export const ReaderEventNotificationData = parameter(
  'ReaderEventNotificationData',
  246,
  {},
  {
    UTCTimestamp: optional(UTCTimestamp),
    Uptime: optional(Uptime),
    HoppingEvent: optional(HoppingEvent),
    GPIEvent: optional(GPIEvent),
    ROSpecEvent: optional(ROSpecEvent),
    ReportBufferLevelWarningEvent: optional(ReportBufferLevelWarningEvent),
    ReportBufferOverflowErrorEvent: optional(ReportBufferOverflowErrorEvent),
    ReaderExceptionEvent: optional(ReaderExceptionEvent),
    RFSurveyEvent: optional(RFSurveyEvent),
    AISpecEvent: optional(AISpecEvent),
    AntennaEvent: optional(AntennaEvent),
    ConnectionAttemptEvent: optional(ConnectionAttemptEvent),
    ConnectionCloseEvent: optional(ConnectionCloseEvent),
    SpecLoopEvent: optional(SpecLoopEvent),
  },
);
export type ReaderEventNotificationData = ValueOf<typeof ReaderEventNotificationData>;
