/**
 * The truth: what physically happened, written down by the world as it happens and never read by the devices.
 * `verify` holds the ledger against it. Times are epoch milliseconds.
 */
export interface TruePass {
  readonly readPoint: string;
  readonly direction: 'IN' | 'OUT' | 'TURNED_BACK';
  /** First and last moment in the field of the antennas. */
  readonly from: number;
  readonly to: number;
  readonly epcs: readonly string[];
}

/** A load that came to rest on a scale. */
interface TrueWeighing {
  readonly readPoint: string;
  readonly at: number;
  readonly netMilligrams: number;
  /** What its scale may be off by. */
  readonly toleranceMilligrams: number;
}

/** A probe's surroundings were out of a rule's bounds for longer than its delay. */
export interface TrueExcursion {
  readonly readPoint: string;
  readonly location: string;
  readonly rule: string;
  readonly hold: boolean;
  readonly from: number;
  /** Undefined while it lasts. */
  to?: number;
}

interface TrueFault {
  readonly fault: string;
  /** What it calls for, as `kind subject`. */
  readonly exceptions: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** An object stood in a place from `from` until `to`. */
interface Presence {
  readonly epc: string;
  readonly location: string;
  readonly from: number;
  to?: number;
}

export interface ShipmentLine {
  readonly gtin?: string;
  readonly sscc?: string;
  readonly lot?: string;
  readonly expiry?: string;
  readonly quantity: number;
  readonly epcs: readonly string[];
}

export interface TrueShipment {
  readonly id: string;
  readonly kind: 'inbound' | 'outbound';
  readonly reference: string;
  readonly partner: string;
  readonly readPoint: string;
  readonly expectedFrom: number;
  readonly expectedTo: number;
  readonly lines: readonly ShipmentLine[];
  /** What really came or went, to know short and over. */
  readonly actualEpcs: readonly string[];
}

export interface Truth {
  readonly passes: TruePass[];
  readonly weighings: TrueWeighing[];
  readonly excursions: TrueExcursion[];
  readonly faults: TrueFault[];
  readonly presences: Presence[];
  readonly shipments: TrueShipment[];
}

export const emptyTruth = (): Truth => ({
  passes: [],
  weighings: [],
  excursions: [],
  faults: [],
  presences: [],
  shipments: [],
});

/** The objects that stood in the place at any time of the excursion. */
export function exposedEpcs(truth: Truth, excursion: TrueExcursion): Set<string> {
  const until = excursion.to ?? Number.POSITIVE_INFINITY;
  return new Set(
    truth.presences
      .filter(
        (presence) =>
          presence.location === excursion.location &&
          presence.from <= until &&
          (presence.to ?? Number.POSITIVE_INFINITY) > excursion.from,
      )
      .map((presence) => presence.epc),
  );
}
