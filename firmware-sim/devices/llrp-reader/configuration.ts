/** The simulated reader's settings (LLRP 1.1 §13): survive the connection, not a power cycle. */
import { ACCESS_REPORT_TRIGGER } from '../../../protocol/wire/llrp/access.ts';
import type { MessageBodies, MessageInputs } from '../../../protocol/wire/llrp/codec.ts';
import {
  CONFIG_REQUEST,
  GPI_STATE,
  KEEPALIVE_TRIGGER,
  NOTIFICATION,
} from '../../../protocol/wire/llrp/config.ts';
import {
  type AntennaConfiguration,
  REPORT_TRIGGER,
  type ROReportSpec,
} from '../../../protocol/wire/llrp/rospec.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import { GPO_PORTS, HOP_TABLE, POWER_LEVELS } from './identity.ts';
import { type LlrpRefusal, refusal } from './refusal.ts';
import { refusalOfAntenna, refusalOfReport } from './spec-check.ts';

/** Nothing sensible asks for more keepalives than this. */
const SHORTEST_KEEPALIVE_MS = 100;

export interface ReaderHardware {
  readonly gpi: ReadonlyMap<number, boolean>;
  readonly gpiPorts: number;
  readonly antennas: number;
  readonly canHold: boolean;
  isConnected(antenna: number): boolean;
}

type WantedConfiguration = MessageBodies['SET_READER_CONFIG'];
type Settings = Omit<MessageInputs['GET_READER_CONFIG_RESPONSE'], 'LLRPStatus'>;

/** Every tag as it is read, with what clients use most. */
const FACTORY_REPORT: ROReportSpec = {
  ROReportTrigger: REPORT_TRIGGER.NTagsOrEndOfROSpec,
  N: 1,
  TagReportContentSelector: {
    EnableROSpecID: true,
    EnableSpecIndex: false,
    EnableInventoryParameterSpecID: false,
    EnableAntennaID: true,
    EnableChannelIndex: false,
    EnablePeakRSSI: true,
    EnableFirstSeenTimestamp: true,
    EnableLastSeenTimestamp: true,
    EnableTagSeenCount: true,
    EnableAccessSpecID: true,
  },
};

export class Configuration {
  keepaliveMs: number | undefined;
  holds = false;
  report = FACTORY_REPORT;
  accessReportTrigger: number = ACCESS_REPORT_TRIGGER.WheneverROReport;
  readonly #enabledPorts = new Set<number>();
  readonly #notified = new Set<number>();
  readonly #antennas = new Map<number, AntennaConfiguration>();
  readonly #outputs = new Map<number, boolean>();
  /** Counts changes of configuration and specs. */
  #stateValue = 0;

  reset(): void {
    this.keepaliveMs = undefined;
    this.holds = false;
    this.report = FACTORY_REPORT;
    this.accessReportTrigger = ACCESS_REPORT_TRIGGER.WheneverROReport;
    this.#enabledPorts.clear();
    this.#notified.clear();
    this.#antennas.clear();
    this.#outputs.clear();
  }

  /** The configuration or a spec has changed. */
  noteChange(): void {
    this.#stateValue = (this.#stateValue + 1) >>> 0;
  }

  notifies(eventType: number): boolean {
    return this.#notified.has(eventType);
  }

  isPortEnabled(port: number): boolean {
    return this.#enabledPorts.has(port);
  }

  /** What was set for antennas; 0 speaks for all. */
  get antennas(): readonly AntennaConfiguration[] {
    return [...this.#antennas.values()];
  }

  apply(wanted: WantedConfiguration, surroundings: ReaderHardware): LlrpRefusal | undefined {
    const refused = refusalOf(wanted, surroundings);
    if (refused !== undefined) return refused;
    const { KeepaliveSpec, EventsAndReports, ROReportSpec, AccessReportSpec } = wanted;
    if (wanted.ResetToFactoryDefault) this.reset();
    if (KeepaliveSpec) {
      const periodic = KeepaliveSpec.KeepaliveTriggerType === KEEPALIVE_TRIGGER.Periodic;
      this.keepaliveMs = periodic ? KeepaliveSpec.PeriodicTriggerValue : undefined;
    }
    if (EventsAndReports) this.holds = EventsAndReports.HoldEventsAndReportsUponReconnect;
    if (ROReportSpec) this.report = ROReportSpec;
    if (AccessReportSpec) this.accessReportTrigger = AccessReportSpec.AccessReportTrigger;
    for (const { EventType, NotificationState } of wanted.ReaderEventNotificationSpec
      ?.EventNotificationState ?? []) {
      setMember(this.#notified, EventType, NotificationState);
    }
    for (const { GPIPortNum, GPIConfig } of wanted.GPIPortCurrentState ?? []) {
      setMember(this.#enabledPorts, GPIPortNum, GPIConfig);
    }
    for (const { GPOPortNumber, GPOData } of wanted.GPOWriteData ?? []) {
      this.#outputs.set(GPOPortNumber, GPOData);
    }
    for (const antenna of wanted.AntennaConfiguration ?? []) this.#setAntenna(antenna);
    return undefined;
  }

  describe(wanted: MessageBodies['GET_READER_CONFIG'], surroundings: ReaderHardware): Settings | LlrpRefusal {
    const all = this.#settings(wanted, surroundings);
    if (wanted.AntennaID > surroundings.antennas)
      return refusal(STATUS.A_OutOfRange, `there is no antenna ${wanted.AntennaID}`);
    if (wanted.RequestedData === CONFIG_REQUEST.All) return all;
    const found = Object.entries(CONFIG_REQUEST).find(([, code]) => code === wanted.RequestedData)?.[0];
    if (found === undefined)
      return refusal(STATUS.M_FieldError, `there is no configuration ${wanted.RequestedData}`);
    return { [found]: all[found as Exclude<keyof typeof CONFIG_REQUEST, 'All'>] };
  }

  #setAntenna(antenna: AntennaConfiguration): void {
    // What is set for all replaces what was set for each.
    if (antenna.AntennaID === 0) this.#antennas.clear();
    this.#antennas.set(antenna.AntennaID, { ...this.#antennas.get(antenna.AntennaID), ...antenna });
  }

  #settings(
    wanted: MessageBodies['GET_READER_CONFIG'],
    surroundings: ReaderHardware,
  ): Required<Omit<Settings, 'extras'>> {
    const { AntennaID, GPIPortNum, GPOPortNum } = wanted;
    const antennas = ports(surroundings.antennas, AntennaID);
    return {
      Identification: { IDType: 0, ReaderID: Uint8Array.from([0x02, 0, 0, 0, 0, 1]) },
      AntennaProperties: antennas.map((antenna) => ({
        AntennaConnected: surroundings.isConnected(antenna),
        AntennaID: antenna,
        AntennaGain: 0,
      })),
      AntennaConfiguration: antennas.map((antenna) => ({
        RFReceiver: { ReceiverSensitivity: 1 },
        RFTransmitter: { HopTableID: HOP_TABLE, ChannelIndex: 1, TransmitPower: POWER_LEVELS },
        ...this.#antennas.get(0),
        ...this.#antennas.get(antenna),
        AntennaID: antenna,
      })),
      ReaderEventNotificationSpec: {
        EventNotificationState: Object.values(NOTIFICATION)
          .filter((EventType) => EventType !== NOTIFICATION.SpecLoopEvent || this.notifies(EventType))
          .map((EventType) => ({ EventType, NotificationState: this.notifies(EventType) })),
      },
      ROReportSpec: this.report,
      AccessReportSpec: { AccessReportTrigger: this.accessReportTrigger },
      LLRPConfigurationStateValue: { LLRPConfigurationStateValue: this.#stateValue },
      KeepaliveSpec: {
        KeepaliveTriggerType:
          this.keepaliveMs === undefined ? KEEPALIVE_TRIGGER.Null : KEEPALIVE_TRIGGER.Periodic,
        PeriodicTriggerValue: this.keepaliveMs ?? 0,
      },
      GPIPortCurrentState: ports(surroundings.gpiPorts, GPIPortNum).map((port) => ({
        GPIPortNum: port,
        GPIConfig: this.isPortEnabled(port),
        State: surroundings.gpi.get(port) ? GPI_STATE.High : GPI_STATE.Low,
      })),
      GPOWriteData: ports(GPO_PORTS, GPOPortNum).map((port) => ({
        GPOPortNumber: port,
        GPOData: this.#outputs.get(port) ?? false,
      })),
      EventsAndReports: { HoldEventsAndReportsUponReconnect: this.holds },
    };
  }
}

function refusalOf(wanted: WantedConfiguration, surroundings: ReaderHardware): LlrpRefusal | undefined {
  const input = wanted.GPIPortCurrentState?.find((port) => !isPort(port.GPIPortNum, surroundings.gpiPorts));
  if (input) return refusal(STATUS.A_OutOfRange, `there is no GPI port ${input.GPIPortNum}`);
  const output = wanted.GPOWriteData?.find((port) => !isPort(port.GPOPortNumber, GPO_PORTS));
  if (output) return refusal(STATUS.A_OutOfRange, `there is no GPO port ${output.GPOPortNumber}`);
  if (wanted.AntennaProperties?.length)
    return refusal(STATUS.M_UnsupportedParameter, 'antenna properties cannot be set');
  const { KeepaliveSpec, AccessReportSpec, EventsAndReports } = wanted;
  const isPeriodic = KeepaliveSpec?.KeepaliveTriggerType === KEEPALIVE_TRIGGER.Periodic;
  if (KeepaliveSpec && isPeriodic && KeepaliveSpec.PeriodicTriggerValue < SHORTEST_KEEPALIVE_MS)
    return refusal(STATUS.A_OutOfRange, `keepalive below ${SHORTEST_KEEPALIVE_MS} ms`);
  if (AccessReportSpec && AccessReportSpec.AccessReportTrigger > ACCESS_REPORT_TRIGGER.EndOfAccessSpec)
    return refusal(STATUS.M_FieldError, 'there is no such access report trigger');
  if (EventsAndReports?.HoldEventsAndReportsUponReconnect && !surroundings.canHold)
    return refusal(STATUS.M_UnsupportedParameter, 'this reader cannot hold events and reports');
  for (const antenna of wanted.AntennaConfiguration ?? []) {
    const refused = refusalOfAntenna(antenna, surroundings);
    if (refused) return refused;
  }
  return refusalOfReport(wanted.ROReportSpec);
}

function isPort(port: number, count: number): boolean {
  return port >= 1 && port <= count;
}

/** 0 means all. */
function ports(count: number, wanted: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1).filter(
    (port) => wanted === 0 || wanted === port,
  );
}

function setMember(members: Set<number>, member: number, present: boolean): void {
  if (present && members.size < 256) members.add(member);
  else members.delete(member);
}
