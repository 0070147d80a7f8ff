/**
 * What a reader can do: the parameters of GET_READER_CAPABILITIES_RESPONSE (LLRP 1.1 §10.2, §16.2).
 */
import { flag, reserved, s16, u8, u8v, u16, u32, u32v, utf8v } from './fields.ts';
import { many, optional, parameter } from './schema.ts';

export const ReceiveSensitivityTableEntry = parameter(
  'ReceiveSensitivityTableEntry',
  139,
  { Index: u16, ReceiveSensitivityValue: s16 },
  {},
);
export const PerAntennaReceiveSensitivityRange = parameter(
  'PerAntennaReceiveSensitivityRange',
  149,
  { AntennaID: u16, ReceiveSensitivityIndexMin: u16, ReceiveSensitivityIndexMax: u16 },
  {},
);
export const GPIOCapabilities = parameter('GPIOCapabilities', 141, { NumGPIs: u16, NumGPOs: u16 }, {});
export const PerAntennaAirProtocol = parameter(
  'PerAntennaAirProtocol',
  140,
  { AntennaID: u16, ProtocolID: u8v },
  {},
);
/** LLRP 1.1 only. */
export const MaximumReceiveSensitivity = parameter(
  'MaximumReceiveSensitivity',
  363,
  { MaximumSensitivityValue: s16 },
  {},
);

export const GeneralDeviceCapabilities = parameter(
  'GeneralDeviceCapabilities',
  137,
  {
    MaxNumberOfAntennaSupported: u16,
    CanSetAntennaProperties: flag,
    HasUTCClockCapability: flag,
    Reserved: reserved(14),
    /** IANA private enterprise number: 25882 Impinj, 161 Motorola/Zebra. */
    DeviceManufacturerName: u32,
    ModelName: u32,
    ReaderFirmwareVersion: utf8v,
  },
  {
    ReceiveSensitivityTableEntry: many(ReceiveSensitivityTableEntry),
    PerAntennaReceiveSensitivityRange: many(PerAntennaReceiveSensitivityRange),
    GPIOCapabilities: optional(GPIOCapabilities),
    PerAntennaAirProtocol: many(PerAntennaAirProtocol),
    MaximumReceiveSensitivity: optional(MaximumReceiveSensitivity),
  },
);

export const LLRPCapabilities = parameter(
  'LLRPCapabilities',
  142,
  {
    CanDoRFSurvey: flag,
    CanReportBufferFillWarning: flag,
    SupportsClientRequestOpSpec: flag,
    CanDoTagInventoryStateAwareSingulation: flag,
    SupportsEventAndReportHolding: flag,
    Reserved: reserved(3),
    MaxNumPriorityLevelsSupported: u8,
    ClientRequestOpSpecTimeout: u16,
    MaxNumROSpecs: u32,
    MaxNumSpecsPerROSpec: u32,
    MaxNumInventoryParameterSpecsPerAISpec: u32,
    MaxNumAccessSpecs: u32,
    MaxNumOpSpecsPerAccessSpec: u32,
  },
  {},
);

export const TransmitPowerLevelTableEntry = parameter(
  'TransmitPowerLevelTableEntry',
  145,
  { Index: u16, TransmitPowerValue: s16 },
  {},
);
export const FrequencyHopTable = parameter(
  'FrequencyHopTable',
  147,
  { HopTableID: u8, Reserved: reserved(8), Frequency: u32v },
  {},
);
export const FixedFrequencyTable = parameter('FixedFrequencyTable', 148, { Frequency: u32v }, {});
export const FrequencyInformation = parameter(
  'FrequencyInformation',
  146,
  { Hopping: flag, Reserved: reserved(7) },
  { FrequencyHopTable: many(FrequencyHopTable), FixedFrequencyTable: optional(FixedFrequencyTable) },
);
/** RequestedData of GET_READER_CAPABILITIES. */
export const CAPABILITIES_REQUEST = {
  All: 0,
  General: 1,
  LLRP: 2,
  Regulatory: 3,
  AirProtocol: 4,
} as const;

export const C1G2UHFRFModeTableEntry = parameter(
  'C1G2UHFRFModeTableEntry',
  329,
  {
    ModeIdentifier: u32,
    DRValue: flag,
    EPCHAGTCConformance: flag,
    Reserved: reserved(6),
    MValue: u8,
    ForwardLinkModulation: u8,
    SpectralMaskIndicator: u8,
    BDRValue: u32,
    PIEValue: u32,
    MinTariValue: u32,
    MaxTariValue: u32,
    StepTariValue: u32,
  },
  {},
);
export const C1G2UHFRFModeTable = parameter(
  'C1G2UHFRFModeTable',
  328,
  {},
  { C1G2UHFRFModeTableEntry: many(C1G2UHFRFModeTableEntry) },
);
export const UHFBandCapabilities = parameter(
  'UHFBandCapabilities',
  144,
  {},
  {
    TransmitPowerLevelTableEntry: many(TransmitPowerLevelTableEntry),
    FrequencyInformation: optional(FrequencyInformation),
    C1G2UHFRFModeTable: many(C1G2UHFRFModeTable),
  },
);
export const RegulatoryCapabilities = parameter(
  'RegulatoryCapabilities',
  143,
  { CountryCode: u16, CommunicationsStandard: u16 },
  { UHFBandCapabilities: optional(UHFBandCapabilities) },
);

export const C1G2LLRPCapabilities = parameter(
  'C1G2LLRPCapabilities',
  327,
  {
    CanSupportBlockErase: flag,
    CanSupportBlockWrite: flag,
    CanSupportBlockPermalock: flag,
    CanSupportTagRecommissioning: flag,
    CanSupportUMIMethod2: flag,
    CanSupportXPC: flag,
    Reserved: reserved(2),
    MaxNumSelectFiltersPerQuery: u16,
  },
  {},
);
