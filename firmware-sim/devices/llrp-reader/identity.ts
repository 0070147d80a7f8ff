/** What the simulated reader says it is and can do: a four-port fixed reader that hops over the FCC band. */
import type { MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import { C1G2_AIR_PROTOCOL } from '../../../protocol/wire/llrp/rospec.ts';

export interface Hardware {
  readonly antennas: number;
  readonly gpiPorts: number;
  readonly hasUtcClock: boolean;
  readonly canHold: boolean;
}

/** Country code and standard of LLRP 1.1 §10.2.4: United States, FCC part 15. */
const UNITED_STATES = 840;
const FCC_PART_15 = 1;
const POWER_LEVELS = 81;
const FIRST_POWER_CDBM = 1_000;
const POWER_STEP_CDBM = 25;
const FIRST_CHANNEL_KILOHERTZ = 902_750;
const CHANNEL_STEP_KILOHERTZ = 500;
const CHANNELS = 50;

/** A PEN from the range IANA keeps for documentation. */
const DOCUMENTATION_PEN = 32_473;

export function capabilitiesOf(
  hardware: Hardware,
): Omit<MessageInputs['GET_READER_CAPABILITIES_RESPONSE'], 'LLRPStatus'> {
  const antennas = Array.from({ length: hardware.antennas }, (_, index) => index + 1);
  return {
    GeneralDeviceCapabilities: {
      MaxNumberOfAntennaSupported: hardware.antennas,
      CanSetAntennaProperties: false,
      HasUTCClockCapability: hardware.hasUtcClock,
      DeviceManufacturerName: DOCUMENTATION_PEN,
      ModelName: 4_000 + hardware.antennas,
      ReaderFirmwareVersion: '1.0.0-sim',
      ReceiveSensitivityTableEntry: [{ Index: 1, ReceiveSensitivityValue: 0 }],
      GPIOCapabilities: { NumGPIs: hardware.gpiPorts, NumGPOs: 0 },
      PerAntennaAirProtocol: antennas.map((AntennaID) => ({ AntennaID, ProtocolID: [C1G2_AIR_PROTOCOL] })),
    },
    LLRPCapabilities: {
      CanDoRFSurvey: false,
      CanReportBufferFillWarning: true,
      SupportsClientRequestOpSpec: false,
      CanDoTagInventoryStateAwareSingulation: false,
      SupportsEventAndReportHolding: hardware.canHold,
      MaxNumPriorityLevelsSupported: 1,
      ClientRequestOpSpecTimeout: 0,
      MaxNumROSpecs: 8,
      MaxNumSpecsPerROSpec: 4,
      MaxNumInventoryParameterSpecsPerAISpec: 1,
      MaxNumAccessSpecs: 0,
      MaxNumOpSpecsPerAccessSpec: 0,
    },
    RegulatoryCapabilities: {
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
              HopTableID: 1,
              Frequency: Array.from(
                { length: CHANNELS },
                (_, index) => FIRST_CHANNEL_KILOHERTZ + ((index * 7) % CHANNELS) * CHANNEL_STEP_KILOHERTZ,
              ),
            },
          ],
        },
      },
    },
  };
}
