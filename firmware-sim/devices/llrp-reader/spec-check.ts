/** Whether this reader can do what an ROSpec or an antenna configuration asks; the first reason why not. */
import {
  AISPEC_STOP_TRIGGER,
  type AntennaConfiguration,
  C1G2_AIR_PROTOCOL,
  FILTER_ACTION,
  REPORT_TRIGGER,
  type ROReportSpec,
  type ROSpec,
  START_TRIGGER,
  STOP_TRIGGER,
  TAG_OBSERVATION,
} from '../../../protocol/wire/llrp/rospec.ts';
import { STATUS } from '../../../protocol/wire/llrp/status.ts';
import {
  HOP_TABLE,
  MAX_FILTERS,
  MAX_PARAMETER_SPECS,
  MAX_SPECS_PER_RO_SPEC,
  MODES,
  POWER_LEVELS,
  SENSITIVITY_LEVELS,
} from './identity.ts';
import { type LlrpRefusal, refusal } from './refusal.ts';

export interface Ports {
  readonly antennas: number;
  readonly gpiPorts: number;
}

export function refusalOfRoSpec(spec: ROSpec, ports: Ports): LlrpRefusal | undefined {
  const id = spec.ROSpecID;
  const aiSpecs = spec.AISpec ?? [];
  if (spec.RFSurveySpec?.length)
    return refusal(STATUS.M_UnsupportedParameter, 'this reader does no RF survey');
  if (aiSpecs.length === 0) return refusal(STATUS.M_MissingParameter, `ROSpec ${id} has no AISpec`);
  if (aiSpecs.length > MAX_SPECS_PER_RO_SPEC)
    return refusal(STATUS.M_OverflowParameter, `ROSpec ${id} has more than ${MAX_SPECS_PER_RO_SPEC} AISpecs`);
  return (
    refusalOfBoundary(spec, ports) ??
    aiSpecs.map((aiSpec) => refusalOfAiSpec(aiSpec, ports)).find((refused) => refused !== undefined) ??
    refusalOfReport(spec.ROReportSpec)
  );
}

export function refusalOfReport(report: ROReportSpec | undefined): LlrpRefusal | undefined {
  if (report === undefined || report.ROReportTrigger <= REPORT_TRIGGER.NTagsOrEndOfROSpec) return undefined;
  return refusal(STATUS.M_FieldError, `RO report trigger ${report.ROReportTrigger} does not exist`);
}

export function refusalOfAntenna(wanted: AntennaConfiguration, { antennas }: Ports): LlrpRefusal | undefined {
  const { AntennaID, RFReceiver, RFTransmitter } = wanted;
  if (AntennaID > antennas) return noAntenna(AntennaID);
  const sensitivity = RFReceiver?.ReceiverSensitivity ?? 1;
  if (sensitivity < 1 || sensitivity > SENSITIVITY_LEVELS)
    return refusal(STATUS.A_OutOfRange, `there is no receive sensitivity ${sensitivity}`);
  const power = RFTransmitter?.TransmitPower ?? 1;
  if (power < 1 || power > POWER_LEVELS)
    return refusal(STATUS.A_OutOfRange, `there is no transmit power ${power}`);
  if (RFTransmitter !== undefined && RFTransmitter.HopTableID !== HOP_TABLE)
    return refusal(STATUS.A_OutOfRange, `there is no hop table ${RFTransmitter.HopTableID}`);
  for (const { C1G2RFControl, C1G2Filter, TagInventoryStateAware } of wanted.C1G2InventoryCommand ?? []) {
    const mode = C1G2RFControl?.ModeIndex;
    if (mode !== undefined && !MODES.some(({ ModeIdentifier }) => ModeIdentifier === mode))
      return refusal(STATUS.A_OutOfRange, `there is no RF mode ${mode}`);
    if ((C1G2Filter?.length ?? 0) > MAX_FILTERS)
      return refusal(STATUS.M_OverflowParameter, `more than ${MAX_FILTERS} filters`);
    if (TagInventoryStateAware)
      return refusal(STATUS.M_FieldError, 'this reader does no state-aware singulation');
    const actions = (C1G2Filter ?? []).map(
      (filter) => filter.C1G2TagInventoryStateUnawareFilterAction?.Action ?? 0,
    );
    if (actions.some((action) => action > FILTER_ACTION.NothingSelect))
      return refusal(STATUS.M_FieldError, 'there is no such filter action');
  }
  return undefined;
}

function refusalOfBoundary(
  { ROSpecID, ROBoundarySpec, Priority }: ROSpec,
  ports: Ports,
): LlrpRefusal | undefined {
  const { ROSpecStartTrigger: start, ROSpecStopTrigger: stop } = ROBoundarySpec;
  const startType = start.ROSpecStartTriggerType;
  const stopType = stop.ROSpecStopTriggerType;
  if (Priority !== 0) return refusal(STATUS.A_OutOfRange, 'this reader knows priority 0 only');
  if (startType > START_TRIGGER.GPI)
    return refusal(STATUS.M_FieldError, `ROSpec start trigger ${startType} does not exist`);
  if (stopType > STOP_TRIGGER.GPIWithTimeout)
    return refusal(STATUS.M_FieldError, `ROSpec stop trigger ${stopType} does not exist`);
  if (startType === START_TRIGGER.Periodic && start.PeriodicTriggerValue === undefined)
    return refusal(STATUS.M_MissingParameter, `ROSpec ${ROSpecID} starts periodically without a period`);
  if (startType === START_TRIGGER.GPI) {
    const refused = refusalOfGpi(start.GPITriggerValue, ports, `the start of ROSpec ${ROSpecID}`);
    if (refused) return refused;
  }
  if (stopType !== STOP_TRIGGER.GPIWithTimeout) return undefined;
  return refusalOfGpi(stop.GPITriggerValue, ports, `the stop of ROSpec ${ROSpecID}`);
}

function refusalOfAiSpec(
  { AntennaIDs, AISpecStopTrigger: stop, InventoryParameterSpec = [] }: NonNullable<ROSpec['AISpec']>[number],
  ports: Ports,
): LlrpRefusal | undefined {
  const wrong = AntennaIDs.find((antenna) => antenna > ports.antennas);
  if (wrong !== undefined) return noAntenna(wrong);
  if (AntennaIDs.length === 0) return refusal(STATUS.M_FieldError, 'an AISpec names no antenna');
  if (InventoryParameterSpec.length > MAX_PARAMETER_SPECS)
    return refusal(STATUS.M_OverflowParameter, 'more than one InventoryParameterSpec in an AISpec');
  for (const { ProtocolID, AntennaConfiguration = [] } of InventoryParameterSpec) {
    if (ProtocolID !== C1G2_AIR_PROTOCOL)
      return refusal(STATUS.M_FieldError, `air protocol ${ProtocolID} is not supported`);
    for (const antenna of AntennaConfiguration) {
      const refused = refusalOfAntenna(antenna, ports);
      if (refused) return refused;
    }
  }
  const type = stop.AISpecStopTriggerType;
  if (type > AISPEC_STOP_TRIGGER.TagObservation)
    return refusal(STATUS.M_FieldError, `AISpec stop trigger ${type} does not exist`);
  if (type === AISPEC_STOP_TRIGGER.GPIWithTimeout)
    return refusalOfGpi(stop.GPITriggerValue, ports, 'the stop of an AISpec');
  if (type !== AISPEC_STOP_TRIGGER.TagObservation) return undefined;
  const observation = stop.TagObservationTrigger;
  if (observation === undefined)
    return refusal(STATUS.M_MissingParameter, 'an AISpec stops on tags without a TagObservationTrigger');
  if (observation.TriggerType > TAG_OBSERVATION.NoMoreNewUniqueTags)
    return refusal(STATUS.M_FieldError, `tag observation trigger ${observation.TriggerType} does not exist`);
  return undefined;
}

function refusalOfGpi(
  trigger: { readonly GPIPortNum: number } | undefined,
  { gpiPorts }: Ports,
  what: string,
): LlrpRefusal | undefined {
  if (trigger === undefined) return refusal(STATUS.M_MissingParameter, `${what} needs a GPITriggerValue`);
  const { GPIPortNum } = trigger;
  if (GPIPortNum >= 1 && GPIPortNum <= gpiPorts) return undefined;
  return refusal(STATUS.A_OutOfRange, `there is no GPI port ${GPIPortNum}`);
}

function noAntenna(id: number): LlrpRefusal {
  return refusal(STATUS.A_OutOfRange, `there is no antenna ${id}`);
}
