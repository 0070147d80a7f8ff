/** What conditions are measured in; values travel as integers, thousandths of the unit. */
import * as z from 'zod';

interface MetricKind {
  /** As a person calls it, at the start of a sentence. */
  readonly name: string;
  /** As codes call it: `<code>_HIGH`. */
  readonly code: string;
  readonly unit: string;
  /** Behind a figure where there is no room for the unit. */
  readonly sign: string;
  /** How many a person wants to see. */
  readonly decimals: number;
}

export const METRICS = {
  temperature: { name: 'Temperature', code: 'TEMP', unit: '°C', sign: '°', decimals: 1 },
  relativeHumidity: { name: 'Humidity', code: 'HUMIDITY', unit: '% RH', sign: '', decimals: 0 },
} as const satisfies Record<string, MetricKind>;

export type Metric = keyof typeof METRICS;

/** What is meant where no metric is named. */
export const USUAL_METRIC: Metric = 'temperature';

export const METRIC_NAMES = Object.keys(METRICS) as Metric[];
export const metricSchema = z.enum(METRIC_NAMES);

/** Of a name from outside, which may be none of a metric. */
export function findMetric(name: unknown): Metric | undefined {
  return METRIC_NAMES.find((metric) => metric === name);
}

export function perMetric<T>(make: (metric: Metric) => T): Record<Metric, T> {
  return Object.fromEntries(METRIC_NAMES.map((metric) => [metric, make(metric)])) as Record<Metric, T>;
}
