/**
 * What a reader says about itself, as readings: inputs, and health with the reader's own words. Events about the
 * connection and the ROSpec steer the session and are not handled here.
 */
import type { DeviceHealth, Input } from '../../../protocol/readings/reading.ts';
import type { MessageBodies } from '../../../protocol/wire/llrp/codec.ts';
import { GPI_STATE } from '../../../protocol/wire/llrp/config.ts';
import { ANTENNA_EVENT, type ReaderEventNotificationData } from '../../../protocol/wire/llrp/events.ts';
import type { LlrpOptions } from './options.ts';

/** Channel of what concerns the reader as a whole. */
export const READER_CHANNEL = 'reader';
/** A reader's own words are cut here; a device event carries no more. */
export const MAX_DETAIL_CHARACTERS = 400;

export type ReaderCondition =
  | 'READER_REFUSED'
  | 'READER_BUFFER_OVERFLOW'
  | 'READER_BUFFER_WARNING'
  | 'READER_EXCEPTION'
  | 'READER_CONTENDED'
  | 'ANTENNA_DISCONNECTED';

export function health(
  device: string,
  channel: string,
  now: number,
  condition: ReaderCondition,
  active: boolean,
  detail: string,
): DeviceHealth {
  const cut = detail.slice(0, MAX_DETAIL_CHARACTERS);
  return { kind: 'health', device, channel, at: now, condition, active, detail: cut };
}

export function readingsOfEvent(
  event: ReaderEventNotificationData,
  device: string,
  options: LlrpOptions,
  now: number,
  /** When it happened, on the gateway's time scale. */
  sensedAt: number,
): (DeviceHealth | Input)[] {
  const readings: (DeviceHealth | Input)[] = [];
  const emit = (channel: string, condition: ReaderCondition, active: boolean, detail: string) =>
    readings.push(health(device, channel, now, condition, active, detail));
  if (event.GPIEvent) {
    const { GPIPortNumber, State } = event.GPIEvent;
    readings.push(...input(device, options, GPIPortNumber, State, now, sensedAt));
  }
  if (event.ReportBufferLevelWarningEvent) {
    const full = event.ReportBufferLevelWarningEvent.ReportBufferPercentageFull;
    emit(READER_CHANNEL, 'READER_BUFFER_WARNING', true, `report buffer ${full} % full`);
  }
  if (event.ReportBufferOverflowErrorEvent) {
    emit(READER_CHANNEL, 'READER_BUFFER_OVERFLOW', true, 'report buffer overflowed; the reader lost reports');
  }
  if (event.ReaderExceptionEvent) {
    const { AntennaID, Message } = event.ReaderExceptionEvent;
    const channel = AntennaID ? String(AntennaID.AntennaID) : READER_CHANNEL;
    emit(channel, 'READER_EXCEPTION', true, Message === '' ? 'no text given' : Message);
  }
  if (event.AntennaEvent) {
    const { AntennaID, EventType } = event.AntennaEvent;
    const gone = EventType === ANTENNA_EVENT.Disconnected;
    const detail = `antenna ${AntennaID} ${gone ? 'disconnected' : 'connected'}`;
    emit(String(AntennaID), 'ANTENNA_DISCONNECTED', gone, detail);
  }
  return readings;
}

/**
 * What stands at the moment of connecting: the level of each input, and the antennas configured for use that are
 * not there. Antennas nobody asked for may well be missing.
 */
export function readingsOfConfig(
  config: MessageBodies['GET_READER_CONFIG_RESPONSE'],
  device: string,
  options: LlrpOptions,
  now: number,
): (DeviceHealth | Input)[] {
  const inputs = (config.GPIPortCurrentState ?? [])
    .filter((port) => port.State !== GPI_STATE.Unknown)
    .flatMap((port) => input(device, options, port.GPIPortNum, port.State === GPI_STATE.High, now, now))
    .map((one) => ({ ...one, isLevel: true as const }));
  const antennas = (config.AntennaProperties ?? [])
    .filter((antenna) => options.antennas.includes(antenna.AntennaID))
    .map(({ AntennaID, AntennaConnected }) => {
      const detail = `antenna ${AntennaID} ${AntennaConnected ? 'connected' : 'disconnected'}`;
      return health(device, String(AntennaID), now, 'ANTENNA_DISCONNECTED', !AntennaConnected, detail);
    });
  return [...inputs, ...antennas];
}

function input(
  device: string,
  options: LlrpOptions,
  port: number,
  high: boolean,
  now: number,
  sensedAt: number,
): Input[] {
  if (!options.gpiPorts.includes(port)) return [];
  const active = high === (options.gpiActive === 'high');
  const held = sensedAt < now ? { sensedAt } : {};
  return [{ kind: 'input', device, channel: `gpi-${port}`, at: now, ...held, active }];
}
