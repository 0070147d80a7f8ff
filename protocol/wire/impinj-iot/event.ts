/**
 * Events of the Impinj R700/R720 "IoT device interface" (REST /api/v1, firmware 7.1 and later) as values. Times
 * are epoch milliseconds of the reader's clock; EPC and TID lower-case hex.
 */
export type ImpinjEvent =
  | TagInventoryEvent
  | GpiTransitionEvent
  | AntennaEvent
  | InventoryStatusEvent
  | OtherEvent;

interface Envelope {
  /** When the reader made the event. */
  readonly timestampMs?: number;
  readonly hostname?: string;
}

export interface TagInventoryEvent extends Envelope {
  readonly type: 'tagInventory';
  readonly epc: string;
  readonly tid?: string;
  /** Protocol control word of the tag. */
  readonly pc?: string;
  readonly antennaPort?: number;
  readonly antennaName?: string;
  /** Hundredths of a dBm. */
  readonly peakRssiCdbm?: number;
  readonly transmitPowerCdbm?: number;
  readonly frequencyKilohertz?: number;
  readonly phaseAngle?: number;
  readonly lastSeenMs?: number;
}

export interface GpiTransitionEvent extends Envelope {
  readonly type: 'gpiTransition';
  readonly gpi: number;
  readonly transition: 'high-to-low' | 'low-to-high';
}

export interface AntennaEvent extends Envelope {
  readonly type: 'antennaConnected' | 'antennaDisconnected';
  readonly antennaPort: number;
}

interface InventoryStatusEvent extends Envelope {
  readonly type: 'inventoryStatus';
  readonly inventoryStatus: 'running' | 'idle';
}

/** A well-formed event that says nothing about tags or inputs: diagnostics, tag locations, later inventions. */
interface OtherEvent extends Envelope {
  readonly type: 'other';
  readonly eventType: string;
}
