/** How figures, times and the ledger's words are written on the page. Pure. */
import { findMetric, METRICS } from '../../../protocol/events/metrics.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Below this an age is only the difference of two clocks. */
const NOW_MS = 5 * SECOND_MS;
const MILLIGRAMS_PER_GRAM = 1000;
const MILLIGRAMS_PER_KILOGRAM = 1_000_000;

/** `48 s`, `12 min`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / SECOND_MS)} s`;
  if (whole < HOUR_MS) return `${Math.floor(whole / MINUTE_MS)} min`;
  if (whole < DAY_MS) return pair(Math.floor(whole / HOUR_MS), 'h', (whole % HOUR_MS) / MINUTE_MS, 'min');
  return pair(Math.floor(whole / DAY_MS), 'd', (whole % DAY_MS) / HOUR_MS, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor(small);
  return rest === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${rest} ${smallUnit}`;
}

/** `now`, `48 s ago`, `in 12 min`; a dash while the server's time is not known. */
export function formatAge(at: number, now: number): string {
  const age = now - at;
  if (Number.isNaN(age)) return '–';
  if (Math.abs(age) < NOW_MS) return 'now';
  return age > 0 ? `${formatDuration(age)} ago` : `in ${formatDuration(-age)}`;
}

/** The time of day, with the date when it is not the day of `now`. */
export function formatTime(at: number, now: number, timeZone?: string): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', ...zone });
  const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', ...zone });
  const day = date.format(at);
  const isToday = Number.isNaN(now) || date.format(now) === day;
  return isToday ? time.format(at) : `${day}, ${time.format(at)}`;
}

/** A text in which no line breaks between a figure and its unit. */
export function keepUnits(text: string): string {
  return text.replaceAll(/ (?=°C|% RH|%)/g, '\u00a0').replaceAll('% RH', '%\u00a0RH');
}

/** `4.2 °C`, `71 % RH`, with spaces that do not break. */
export function formatMeasure(valueMilli: number, metric: string): string {
  const known = findMetric(metric);
  if (known === undefined) return `${valueMilli / 1000} ${metric}`;
  const { unit, decimals } = METRICS[known];
  return keepUnits(`${(valueMilli / 1000).toFixed(decimals).replace('-', '−')} ${unit}`);
}

export function formatMass(milligrams: number): string {
  if (Math.abs(milligrams) < MILLIGRAMS_PER_KILOGRAM) {
    return `${Math.round(milligrams / MILLIGRAMS_PER_GRAM)} g`;
  }
  const kilograms = milligrams / MILLIGRAMS_PER_KILOGRAM;
  return `${kilograms.toFixed(kilograms < 100 ? 2 : 1)} kg`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-GB');
}

/** `1 tag`, `12 tags`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** What carries no trade item: pallets (SSCC), assets, tags that could not be read as EPCs. */
export const NO_ITEM = 'Pallet or other tag';

/** Words of the ledger (`in_transit`, `cold-room`, `RETURN_LOSS`) as people write them. */
export function inWords(word: string): string {
  const spaced = word.replaceAll(/[_-]+/g, ' ').toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function metricName(metric: string): string {
  const known = findMetric(metric);
  return known === undefined ? inWords(metric) : METRICS[known].name;
}

/** An EPC in hex in groups that the eye can compare. */
export function groupEpc(epc: string): string {
  return epc.replaceAll(/(.{4})(?=.)/g, '$1 ');
}
