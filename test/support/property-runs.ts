/** How often a property of the drivers is tried: TALLYPORT_PROPERTY_RUNS for all, else the number given. */
import { vi } from 'vitest';

const WANTED = process.env.TALLYPORT_PROPERTY_RUNS;
/** Who asks for more has the time. */
const LONG_MS = 6 * 3_600_000;

if (WANTED !== undefined) vi.setConfig({ testTimeout: LONG_MS });

export function propertyRuns(usual: number): number {
  const wanted = WANTED === undefined ? usual : Number(WANTED);
  if (!Number.isSafeInteger(wanted) || wanted < 1)
    throw new Error('TALLYPORT_PROPERTY_RUNS: expected a count');
  return wanted;
}
