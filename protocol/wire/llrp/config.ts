/**
 * Reader configuration: the parameters of SET_READER_CONFIG and GET_READER_CONFIG_RESPONSE (LLRP 1.1 §13.2).
 */
import { flag, octets, reserved, s16, u8, u16, u32 } from './fields.ts';
import { many, parameter } from './schema.ts';

export const KEEPALIVE_TRIGGER = { Null: 0, Periodic: 1 } as const;
export const GPI_STATE = { Low: 0, High: 1, Unknown: 2 } as const;
/** Event types of EventNotificationState. */
export const NOTIFICATION = {
  UponHoppingToNextChannel: 0,
  GPIEvent: 1,
  ROSpecEvent: 2,
  ReportBufferFillWarning: 3,
  ReaderExceptionEvent: 4,
  RFSurveyEvent: 5,
  AISpecEvent: 6,
  AISpecEventWithSingulationDetails: 7,
  AntennaEvent: 8,
  /** LLRP 1.1 only. */
  SpecLoopEvent: 9,
} as const;
/** RequestedData of GET_READER_CONFIG. */
export const CONFIG_REQUEST = {
  All: 0,
  Identification: 1,
  AntennaProperties: 2,
  AntennaConfiguration: 3,
  ROReportSpec: 4,
  ReaderEventNotificationSpec: 5,
  AccessReportSpec: 6,
  LLRPConfigurationStateValue: 7,
  KeepaliveSpec: 8,
  GPIPortCurrentState: 9,
  GPOWriteData: 10,
  EventsAndReports: 11,
} as const;

export const Identification = parameter('Identification', 218, { IDType: u8, ReaderID: octets }, {});
/** Changes whenever the configuration or a spec does. */
export const LLRPConfigurationStateValue = parameter(
  'LLRPConfigurationStateValue',
  217,
  { LLRPConfigurationStateValue: u32 },
  {},
);
export const GPOWriteData = parameter(
  'GPOWriteData',
  219,
  { GPOPortNumber: u16, GPOData: flag, Reserved: reserved(7) },
  {},
);
export const KeepaliveSpec = parameter(
  'KeepaliveSpec',
  220,
  { KeepaliveTriggerType: u8, PeriodicTriggerValue: u32 },
  {},
);
export const AntennaProperties = parameter(
  'AntennaProperties',
  221,
  { AntennaConnected: flag, Reserved: reserved(7), AntennaID: u16, AntennaGain: s16 },
  {},
);
export const GPIPortCurrentState = parameter(
  'GPIPortCurrentState',
  225,
  { GPIPortNum: u16, GPIConfig: flag, Reserved: reserved(7), State: u8 },
  {},
);
export const EventsAndReports = parameter(
  'EventsAndReports',
  226,
  { HoldEventsAndReportsUponReconnect: flag, Reserved: reserved(7) },
  {},
);
export const EventNotificationState = parameter(
  'EventNotificationState',
  245,
  { EventType: u16, NotificationState: flag, Reserved: reserved(7) },
  {},
);
export const ReaderEventNotificationSpec = parameter(
  'ReaderEventNotificationSpec',
  244,
  {},
  { EventNotificationState: many(EventNotificationState) },
);
