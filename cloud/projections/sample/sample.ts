/** Samples: all of them for the cold chain and its charts, and the latest of each probe and metric. */
import type { SampleEvent } from '../../../protocol/events/stock-event.ts';
import { isLater } from '../../ledger/ledger-event.ts';
import { appendRows, keepLatest, type LatestTable, sortedRows } from '../../store/merge-rows.ts';
import type { ConditionsTable, SamplesTable } from '../../store/tables/projections.ts';
import type { ColumnKinds } from '../../store/unnest.ts';
import { addUnknownReadPoint } from '../findings.ts';
import type { Projection } from '../projection.ts';

const SAMPLES: ColumnKinds<SamplesTable> = {
  read_point: 'text',
  metric: 'text',
  occurred_at: 'bigint',
  occurred_key: 'text',
  value_milli: 'bigint',
};

const CONDITIONS: LatestTable<ConditionsTable> = {
  table: 'conditions',
  kinds: {
    read_point: 'text',
    metric: 'text',
    value_milli: 'bigint',
    sampled_at: 'bigint',
    sampled_key: 'text',
  },
  primaryKey: 'read_point, metric',
  at: 'sampled_at',
  key: 'sampled_key',
};

export const SAMPLE: Projection<SampleEvent> = {
  tables: ['samples', 'conditions'],
  begin({ places, findings }) {
    const samples: SamplesTable[] = [];
    const latest = new Map<string, ConditionsTable>();
    return {
      add({ readPoint, occurredAt, metric, valueMilli }, { key }) {
        const row = { read_point: readPoint, metric, value_milli: valueMilli };
        const sample = { ...row, occurred_at: occurredAt, occurred_key: key };
        samples.push(sample);
        findings.samples.push(sample);
        const name = `${readPoint}\n${metric}`;
        const known = latest.get(name);
        if (known === undefined || isLater(occurredAt, key, known.sampled_at, known.sampled_key)) {
          latest.set(name, { ...row, sampled_at: occurredAt, sampled_key: key });
        }
        if (!places.probes.has(readPoint)) addUnknownReadPoint(findings, readPoint, occurredAt, 'probe');
      },
      async write(trx) {
        await appendRows(trx, 'samples', SAMPLES, samples);
        await keepLatest(trx, CONDITIONS, sortedRows(latest));
      },
      changes: (at) =>
        [...latest.values()].map((row) => ({ topic: 'sample', at, readPoint: row.read_point })),
    };
  },
};
