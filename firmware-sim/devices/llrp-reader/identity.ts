/** What the simulated reader says it is and can do: a fixed reader that hops over the FCC band. */
import {
  type C1G2UHFRFModeTableEntry,
  CAPABILITIES_REQUEST,
} from '../../../protocol/wire/llrp/capabilities.ts';
import type { MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import { LLRP_1_1, type LlrpVersion } from '../../../protocol/wire/llrp/framing.ts';
import { C1G2_AIR_PROTOCOL } from '../../../protocol/wire/llrp/rospec.ts';
import type { ValueOf } from '../../../protocol/wire/llrp/schema.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import { MAX_ACCESS_SPECS, MAX_OP_SPECS } from './access-specs.ts';
import { type LlrpRefusal, refusal } from './refusal.ts';

export interface Hardware {
  readonly antennas: number;
  readonly gpiPorts: number;
  readonly hasUtcClock: boolean;
  readonly canHold: boolean;
}

export const MAX_RO_SPECS = 8;
export const MAX_SPECS_PER_RO_SPEC = 16;
export const MAX_PARAMETER_SPECS = 1;
/** Select filters of one inventory command. */
export const MAX_FILTERS = 2;
export const GPO_PORTS = 4;

/** Country code and standard of LLRP 1.1 §10.2.4: United States, FCC part 15. */
const UNITED_STATES = 840;
const FCC_PART_15 = 1;
export const POWER_LEVELS = 81;
const FIRST_POWER_CDBM = 1_000;
const POWER_STEP_CDBM = 25;
const FIRST_CHANNEL_KILOHERTZ = 902_750;
const CHANNEL_STEP_KILOHERTZ = 500;
export const CHANNELS = 50;
export const HOP_TABLE = 1;

/** Index 1 is all the receiver can do; the others give up 10 dB and more. */
export const SENSITIVITY_LEVELS = 42;
const FIRST_SENSITIVITY_LOSS_DB = 10;
const MAXIMUM_SENSITIVITY_DBM = -80;

/** A PEN from the range IANA keeps for documentation. */
const DOCUMENTATION_PEN = 32_473;

type Mode = ValueOf<typeof C1G2UHFRFModeTableEntry>;

/** Miller order (0 is FM0), backscatter rate and Tari; from fast to dense-reader. */
function mode(ModeIdentifier: number, MValue: number, BDRValue: number, tari: number): Mode {
  return {
    ModeIdentifier,
    DRValue: true,
    EPCHAGTCConformance: false,
    MValue,
    ForwardLinkModulation: DSB_ASK,
    SpectralMaskIndicator: MValue < 2 ? MULTI_INTERROGATOR : DENSE_INTERROGATOR,
    BDRValue,
    PIEValue: tari > 10_000 ? 2_000 : 1_500,
    MinTariValue: tari,
    MaxTariValue: tari,
    StepTariValue: 0,
  };
}
const DSB_ASK = 2;
const MULTI_INTERROGATOR = 2;
const DENSE_INTERROGATOR = 3;

export const MODES: readonly Mode[] = [
  mode(0, 0, 640_000, 6_250),
  mode(1, 1, 640_000, 6_250),
  mode(2, 2, 274_000, 20_000),
  mode(3, 3, 170_600, 20_000),
];

/** What a transmit power index takes away from full power, dB. */
export function attenuationDb(powerIndex: number | undefined): number {
  return powerIndex === undefined ? 0 : ((POWER_LEVELS - powerIndex) * POWER_STEP_CDBM) / 100;
}

/** The weakest signal that a receive sensitivity index lets through, dBm; undefined for all there is. */
export function sensitivityFloorDbm(index: number | undefined): number | undefined {
  return index === undefined || index <= 1 ? undefined : MAXIMUM_SENSITIVITY_DBM + sensitivityLossDb(index);
}

function sensitivityLossDb(index: number): number {
  return index === 1 ? 0 : FIRST_SENSITIVITY_LOSS_DB + index - 2;
}

type CapabilitiesAnswer = Omit<MessageInputs['GET_READER_CAPABILITIES_RESPONSE'], 'LLRPStatus'>;

/** The capabilities of the wanted kind, or why there is none of it. */
export function capabilitiesOf(
  requested: number,
  hardware: Hardware,
  version: LlrpVersion,
): CapabilitiesAnswer | LlrpRefusal {
  const GeneralDeviceCapabilities = general(hardware, version);
  const LLRPCapabilities = llrp(hardware);
  const RegulatoryCapabilities = regulatory();
  switch (requested) {
    case CAPABILITIES_REQUEST.All:
      return { GeneralDeviceCapabilities, LLRPCapabilities, RegulatoryCapabilities, C1G2LLRPCapabilities };
    case CAPABILITIES_REQUEST.General:
      return { GeneralDeviceCapabilities };
    case CAPABILITIES_REQUEST.LLRP:
      return { LLRPCapabilities };
    case CAPABILITIES_REQUEST.Regulatory:
      return { RegulatoryCapabilities };
    case CAPABILITIES_REQUEST.AirProtocol:
      return { C1G2LLRPCapabilities };
    default:
      return refusal(STATUS.M_FieldError, `there are no capabilities ${requested}`);
  }
}

function general(
  hardware: Hardware,
  version: LlrpVersion,
): NonNullable<CapabilitiesAnswer['GeneralDeviceCapabilities']> {
  const antennas = Array.from({ length: hardware.antennas }, (_, index) => index + 1);
  return {
    MaxNumberOfAntennaSupported: hardware.antennas,
    CanSetAntennaProperties: false,
    HasUTCClockCapability: hardware.hasUtcClock,
    DeviceManufacturerName: DOCUMENTATION_PEN,
    ModelName: 4_000 + hardware.antennas,
    ReaderFirmwareVersion: '1.0.0-sim',
    ReceiveSensitivityTableEntry: Array.from({ length: SENSITIVITY_LEVELS }, (_, index) => ({
      Index: index + 1,
      ReceiveSensitivityValue: sensitivityLossDb(index + 1),
    })),
    GPIOCapabilities: { NumGPIs: hardware.gpiPorts, NumGPOs: GPO_PORTS },
    PerAntennaAirProtocol: antennas.map((AntennaID) => ({ AntennaID, ProtocolID: [C1G2_AIR_PROTOCOL] })),
    // A client of 1.0.1 does not know the parameter.
    ...(version === LLRP_1_1
      ? { MaximumReceiveSensitivity: { MaximumSensitivityValue: MAXIMUM_SENSITIVITY_DBM } }
      : {}),
  };
}

function llrp(hardware: Hardware): NonNullable<CapabilitiesAnswer['LLRPCapabilities']> {
  return {
    CanDoRFSurvey: false,
    CanReportBufferFillWarning: true,
    SupportsClientRequestOpSpec: false,
    CanDoTagInventoryStateAwareSingulation: false,
    SupportsEventAndReportHolding: hardware.canHold,
    MaxNumPriorityLevelsSupported: 1,
    ClientRequestOpSpecTimeout: 0,
    MaxNumROSpecs: MAX_RO_SPECS,
    MaxNumSpecsPerROSpec: MAX_SPECS_PER_RO_SPEC,
    MaxNumInventoryParameterSpecsPerAISpec: MAX_PARAMETER_SPECS,
    MaxNumAccessSpecs: MAX_ACCESS_SPECS,
    MaxNumOpSpecsPerAccessSpec: MAX_OP_SPECS,
  };
}

function regulatory(): NonNullable<CapabilitiesAnswer['RegulatoryCapabilities']> {
  return {
    CountryCode: UNITED_STATES,
    CommunicationsStandard: FCC_PART_15,
    UHFBandCapabilities: {
      TransmitPowerLevelTableEntry: Array.from({ length: POWER_LEVELS }, (_, index) => ({
        Index: index + 1,
        TransmitPowerValue: FIRST_POWER_CDBM + index * POWER_STEP_CDBM,
      })),
      FrequencyInformation: {
        Hopping: true,
        FrequencyHopTable: [
          {
            HopTableID: HOP_TABLE,
            Frequency: Array.from(
              { length: CHANNELS },
              (_, index) => FIRST_CHANNEL_KILOHERTZ + ((index * 7) % CHANNELS) * CHANNEL_STEP_KILOHERTZ,
            ),
          },
        ],
      },
      C1G2UHFRFModeTable: [{ C1G2UHFRFModeTableEntry: MODES }],
    },
  };
}

const C1G2LLRPCapabilities: NonNullable<CapabilitiesAnswer['C1G2LLRPCapabilities']> = {
  CanSupportBlockErase: true,
  CanSupportBlockWrite: true,
  CanSupportBlockPermalock: false,
  CanSupportTagRecommissioning: false,
  CanSupportUMIMethod2: false,
  CanSupportXPC: false,
  MaxNumSelectFiltersPerQuery: MAX_FILTERS,
};
