/**
 * What the driver asks of a reader, made from the options and from what the reader says it can do: settings it
 * does not offer are left to the reader, because one impossible field makes it refuse the whole ROSpec.
 */
import type { MessageBodies, MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import { KEEPALIVE_TRIGGER, NOTIFICATION } from '../../../protocol/wire/llrp/config.ts';
import {
  C1G2_AIR_PROTOCOL,
  REPORT_TRIGGER,
  ROSPEC_STATE,
  type ROSpec,
  START_TRIGGER,
  STOP_TRIGGER,
} from '../../../protocol/wire/llrp/rospec.ts';
import type { LlrpOptions } from './options.ts';

export type Capabilities = MessageBodies['GET_READER_CAPABILITIES_RESPONSE'];

const ALL_ANTENNAS = 0;

export function readerConfig(
  options: LlrpOptions,
  capabilities: Capabilities | undefined,
): MessageInputs['SET_READER_CONFIG'] {
  const llrp = capabilities?.LLRPCapabilities;
  const ports = new Set(options.gpiPorts);
  if (options.startTrigger.kind === 'gpi') ports.add(options.startTrigger.port);
  const wanted: number[] = [
    NOTIFICATION.ROSpecEvent,
    NOTIFICATION.ReaderExceptionEvent,
    NOTIFICATION.AntennaEvent,
  ];
  if (options.gpiPorts.length > 0) wanted.push(NOTIFICATION.GPIEvent);
  if (llrp?.CanReportBufferFillWarning !== false) wanted.push(NOTIFICATION.ReportBufferFillWarning);
  const config: MessageInputs['SET_READER_CONFIG'] = {
    ResetToFactoryDefault: false,
    ReaderEventNotificationSpec: {
      EventNotificationState: wanted
        .toSorted((a, b) => a - b)
        .map((EventType) => ({ EventType, NotificationState: true })),
    },
    KeepaliveSpec: {
      KeepaliveTriggerType: KEEPALIVE_TRIGGER.Periodic,
      PeriodicTriggerValue: options.keepaliveMs,
    },
    GPIPortCurrentState: [...ports].map((GPIPortNum) => ({ GPIPortNum, GPIConfig: true, State: 0 })),
  };
  // A reader that cannot hold refuses the parameter, even when it says false.
  if (llrp?.SupportsEventAndReportHolding === false) return config;
  return { ...config, EventsAndReports: { HoldEventsAndReportsUponReconnect: true } };
}

export function roSpec(options: LlrpOptions, capabilities: Capabilities | undefined): ROSpec {
  const antennas = options.antennas.length > 0 ? options.antennas : [ALL_ANTENNAS];
  return {
    ROSpecID: options.roSpecId,
    Priority: 0,
    CurrentState: ROSPEC_STATE.Disabled,
    ROBoundarySpec: boundary(options),
    AISpec: [
      {
        AntennaIDs: antennas,
        AISpecStopTrigger: { AISpecStopTriggerType: STOP_TRIGGER.Null, DurationTrigger: 0 },
        InventoryParameterSpec: [
          {
            InventoryParameterSpecID: 1,
            ProtocolID: C1G2_AIR_PROTOCOL,
            AntennaConfiguration: antennas.map((AntennaID) => ({
              AntennaID,
              ...transmitter(options, capabilities),
              C1G2InventoryCommand: [
                {
                  TagInventoryStateAware: false,
                  C1G2SingulationControl: {
                    Session: options.session,
                    TagPopulation: options.tagPopulation,
                    TagTransitTime: 0,
                  },
                },
              ],
            })),
          },
        ],
      },
    ],
    ROReportSpec: {
      ROReportTrigger: REPORT_TRIGGER.NTagsOrEndOfAISpec,
      N: options.reportEveryN,
      TagReportContentSelector: {
        EnableROSpecID: false,
        EnableSpecIndex: false,
        EnableInventoryParameterSpecID: false,
        EnableAntennaID: true,
        EnableChannelIndex: false,
        EnablePeakRSSI: true,
        EnableFirstSeenTimestamp: true,
        EnableLastSeenTimestamp: true,
        EnableTagSeenCount: true,
        EnableAccessSpecID: false,
      },
    },
  };
}

function boundary(options: LlrpOptions): ROSpec['ROBoundarySpec'] {
  const trigger = options.startTrigger;
  if (trigger.kind === 'null') {
    return {
      ROSpecStartTrigger: { ROSpecStartTriggerType: START_TRIGGER.Null },
      ROSpecStopTrigger: { ROSpecStopTriggerType: STOP_TRIGGER.Null, DurationTriggerValue: 0 },
    };
  }
  return {
    ROSpecStartTrigger: {
      ROSpecStartTriggerType: START_TRIGGER.GPI,
      GPITriggerValue: { GPIPortNum: trigger.port, GPIEvent: trigger.high, Timeout: 0 },
    },
    ROSpecStopTrigger: {
      ROSpecStopTriggerType: STOP_TRIGGER.Duration,
      DurationTriggerValue: trigger.durationMs,
    },
  };
}

/** Power comes with a channel: the first hop table where the reader hops, the first fixed channel where not. */
function transmitter(options: LlrpOptions, capabilities: Capabilities | undefined) {
  if (options.transmitPowerIndex === undefined) return {};
  const frequencies = capabilities?.RegulatoryCapabilities?.UHFBandCapabilities?.FrequencyInformation;
  const hopping = frequencies?.Hopping ?? true;
  return {
    RFTransmitter: {
      HopTableID: hopping ? (frequencies?.FrequencyHopTable?.[0]?.HopTableID ?? 1) : 0,
      ChannelIndex: hopping ? 0 : 1,
      TransmitPower: options.transmitPowerIndex,
    },
  };
}
