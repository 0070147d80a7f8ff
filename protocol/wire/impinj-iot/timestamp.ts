/**
 * Timestamps of the IoT device interface: ISO 8601 with up to nanoseconds, as the reader's own clock says.
 * Read into whole epoch milliseconds (finer digits are dropped), written with nine digits as the reader does.
 */

const ISO = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,12}))?(?:Z|([+-])(\d{2}):?(\d{2}))$/;

/** Epoch milliseconds; undefined when the text is no such time. */
export function parseTimestamp(text: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number);
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const date = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second, milliseconds);
  const written = new Date(date);
  if (written.getUTCMonth() + 1 !== month || written.getUTCDate() !== day || (hour ?? 24) > 23)
    return undefined;
  const offsetMinutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  return date - (match[8] === '-' ? -1 : 1) * offsetMinutes * 60_000;
}

/** `2026-01-01T12:00:00.123456789Z` from epoch milliseconds and the nanoseconds within that millisecond. */
export function formatTimestamp(ms: number, nanoseconds = 0): string {
  return `${new Date(ms).toISOString().slice(0, -1)}${String(nanoseconds).padStart(6, '0')}Z`;
}
