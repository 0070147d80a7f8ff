/** Received power in milliwatts. Not decibels: power falls with the cube of the distance, so near reads decide a sum. */

/** Power where the reader gives none: every read weighs the same. */
const UNKNOWN_POWER_MILLIWATTS = 1e-6;

const LN_10_OVER_10 = Math.LN10 / 10;

export function powerMilliwatts(rssiDbm: number | undefined): number {
  return rssiDbm === undefined ? UNKNOWN_POWER_MILLIWATTS : Math.exp(rssiDbm * LN_10_OVER_10);
}
