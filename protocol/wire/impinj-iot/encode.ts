/**
 * Encoding of events as a reader with current firmware writes them: both notations of EPC and TID, `eventType`,
 * nanosecond timestamps. For the simulated reader.
 */
import type { ImpinjEvent, TagInventoryEvent } from './event.ts';
import { toBase64Field } from './tag-bytes.ts';
import { formatTimestamp } from './timestamp.ts';

/** One MQTT message. `nanoseconds` stand behind the milliseconds of every timestamp in it. */
export function encodeEvent(event: ImpinjEvent, nanoseconds = 0): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(toWire(event, nanoseconds)));
}

/** Several events in one message, as the webhook sends them. */
export function encodeEvents(events: readonly ImpinjEvent[], nanoseconds = 0): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(events.map((event) => toWire(event, nanoseconds))));
}

function toWire(event: ImpinjEvent, nanoseconds: number): object {
  const envelope = {
    timestamp: event.timestampMs === undefined ? undefined : formatTimestamp(event.timestampMs, nanoseconds),
    hostname: event.hostname,
    eventType: event.type === 'other' ? event.eventType : event.type,
  };
  switch (event.type) {
    case 'tagInventory':
      return { ...envelope, tagInventoryEvent: tagInventoryBody(event, nanoseconds) };
    case 'gpiTransition':
      return { ...envelope, gpiTransitionEvent: { gpi: event.gpi, transition: event.transition } };
    case 'antennaConnected':
      return { ...envelope, antennaConnectedEvent: { antennaPort: event.antennaPort } };
    case 'antennaDisconnected':
      return { ...envelope, antennaDisconnectedEvent: { antennaPort: event.antennaPort } };
    case 'inventoryStatus':
      return { ...envelope, inventoryStatusEvent: { inventoryStatus: event.inventoryStatus } };
    case 'other':
      return envelope;
  }
}

function tagInventoryBody(event: TagInventoryEvent, nanoseconds: number): object {
  return {
    epc: toBase64Field(event.epc),
    epcHex: event.epc.toUpperCase(),
    tid: event.tid === undefined ? undefined : toBase64Field(event.tid),
    tidHex: event.tid?.toUpperCase(),
    pc: event.pc === undefined ? undefined : toBase64Field(event.pc),
    antennaPort: event.antennaPort,
    antennaName: event.antennaName,
    peakRssiCdbm: event.peakRssiCdbm,
    frequency: event.frequencyKilohertz,
    transmitPowerCdbm: event.transmitPowerCdbm,
    lastSeenTime: event.lastSeenMs === undefined ? undefined : formatTimestamp(event.lastSeenMs, nanoseconds),
    phaseAngle: event.phaseAngle,
  };
}
