/**
 * The LLRP messages by their standard names (LLRP 1.1 §17.1.1): number and body. RO_ACCESS_REPORT, the one that
 * counts for speed, stands beside in report.ts.
 */
import { AccessReportSpec, AccessSpec } from './access.ts';
import * as capabilities from './capabilities.ts';
import * as config from './config.ts';
import { ReaderEventNotificationData } from './events.ts';
import { flag, reserved, rest, u8, u16, u32 } from './fields.ts';
import { AntennaConfiguration, ROReportSpec, ROSpec } from './rospec.ts';
import { many, one, optional, type Shape, type ShapeValue } from './schema.ts';
import { LLRPStatus } from './status.ts';

export interface MessageShape<V = unknown> {
  readonly type: number;
  readonly shape: Shape;
  /** Carries the value type only. */
  valueType?(value: V): V;
}

function message<const F extends Shape['fields'], const C extends Shape['children']>(
  type: number,
  fields: F,
  children: C,
): MessageShape<ShapeValue<F, C>> {
  return { type, shape: { fields, children } };
}

const answer = (type: number) => message(type, {}, { LLRPStatus: one(LLRPStatus) });
const about = (type: number) => message(type, { ROSpecID: u32 }, {});
const aboutAccess = (type: number) => message(type, { AccessSpecID: u32 }, {});
const bare = (type: number) => message(type, {}, {});

export const MESSAGES = {
  GET_READER_CAPABILITIES: message(1, { RequestedData: u8 }, {}),
  GET_READER_CONFIG: message(2, { AntennaID: u16, RequestedData: u8, GPIPortNum: u16, GPOPortNum: u16 }, {}),
  SET_READER_CONFIG: message(
    3,
    { ResetToFactoryDefault: flag, Reserved: reserved(7) },
    {
      ReaderEventNotificationSpec: optional(config.ReaderEventNotificationSpec),
      AntennaProperties: many(config.AntennaProperties),
      AntennaConfiguration: many(AntennaConfiguration),
      ROReportSpec: optional(ROReportSpec),
      AccessReportSpec: optional(AccessReportSpec),
      KeepaliveSpec: optional(config.KeepaliveSpec),
      GPOWriteData: many(config.GPOWriteData),
      GPIPortCurrentState: many(config.GPIPortCurrentState),
      EventsAndReports: optional(config.EventsAndReports),
    },
  ),
  CLOSE_CONNECTION_RESPONSE: answer(4),
  GET_READER_CAPABILITIES_RESPONSE: message(
    11,
    {},
    {
      LLRPStatus: one(LLRPStatus),
      GeneralDeviceCapabilities: optional(capabilities.GeneralDeviceCapabilities),
      LLRPCapabilities: optional(capabilities.LLRPCapabilities),
      RegulatoryCapabilities: optional(capabilities.RegulatoryCapabilities),
      C1G2LLRPCapabilities: optional(capabilities.C1G2LLRPCapabilities),
    },
  ),
  GET_READER_CONFIG_RESPONSE: message(
    12,
    {},
    {
      LLRPStatus: one(LLRPStatus),
      Identification: optional(config.Identification),
      AntennaProperties: many(config.AntennaProperties),
      AntennaConfiguration: many(AntennaConfiguration),
      ReaderEventNotificationSpec: optional(config.ReaderEventNotificationSpec),
      ROReportSpec: optional(ROReportSpec),
      AccessReportSpec: optional(AccessReportSpec),
      LLRPConfigurationStateValue: optional(config.LLRPConfigurationStateValue),
      KeepaliveSpec: optional(config.KeepaliveSpec),
      GPIPortCurrentState: many(config.GPIPortCurrentState),
      GPOWriteData: many(config.GPOWriteData),
      EventsAndReports: optional(config.EventsAndReports),
    },
  ),
  SET_READER_CONFIG_RESPONSE: answer(13),
  CLOSE_CONNECTION: bare(14),
  ADD_ROSPEC: message(20, {}, { ROSpec: one(ROSpec) }),
  DELETE_ROSPEC: about(21),
  START_ROSPEC: about(22),
  STOP_ROSPEC: about(23),
  ENABLE_ROSPEC: about(24),
  DISABLE_ROSPEC: about(25),
  GET_ROSPECS: bare(26),
  ADD_ROSPEC_RESPONSE: answer(30),
  DELETE_ROSPEC_RESPONSE: answer(31),
  START_ROSPEC_RESPONSE: answer(32),
  STOP_ROSPEC_RESPONSE: answer(33),
  ENABLE_ROSPEC_RESPONSE: answer(34),
  DISABLE_ROSPEC_RESPONSE: answer(35),
  GET_ROSPECS_RESPONSE: message(36, {}, { LLRPStatus: one(LLRPStatus), ROSpec: many(ROSpec) }),
  ADD_ACCESSSPEC: message(40, {}, { AccessSpec: one(AccessSpec) }),
  DELETE_ACCESSSPEC: aboutAccess(41),
  ENABLE_ACCESSSPEC: aboutAccess(42),
  DISABLE_ACCESSSPEC: aboutAccess(43),
  GET_ACCESSSPECS: bare(44),
  GET_SUPPORTED_VERSION: bare(46),
  SET_PROTOCOL_VERSION: message(47, { ProtocolVersion: u8 }, {}),
  ADD_ACCESSSPEC_RESPONSE: answer(50),
  DELETE_ACCESSSPEC_RESPONSE: answer(51),
  ENABLE_ACCESSSPEC_RESPONSE: answer(52),
  DISABLE_ACCESSSPEC_RESPONSE: answer(53),
  GET_ACCESSSPECS_RESPONSE: message(54, {}, { LLRPStatus: one(LLRPStatus), AccessSpec: many(AccessSpec) }),
  GET_SUPPORTED_VERSION_RESPONSE: message(
    56,
    { CurrentVersion: u8, SupportedVersion: u8 },
    { LLRPStatus: one(LLRPStatus) },
  ),
  SET_PROTOCOL_VERSION_RESPONSE: answer(57),
  GET_REPORT: bare(60),
  KEEPALIVE: bare(62),
  READER_EVENT_NOTIFICATION: message(
    63,
    {},
    { ReaderEventNotificationData: one(ReaderEventNotificationData) },
  ),
  ENABLE_EVENTS_AND_REPORTS: bare(64),
  KEEPALIVE_ACK: bare(72),
  ERROR_MESSAGE: answer(100),
  CUSTOM_MESSAGE: message(1023, { VendorIdentifier: u32, MessageSubtype: u8, Data: rest }, {}),
} as const;
