/** What the cold chain is told inside the ingest transaction, about events that are new. */
import type { Transaction } from 'kysely';
import type { Change } from '../ledger/change.ts';
import type { Site } from '../site/site.ts';
import type { Tables } from '../store/tables.ts';

export interface ColdChainFacts {
  readonly samples: readonly {
    readonly readPoint: string;
    readonly metric: string;
    readonly occurredAt: number;
    readonly occurredKey: string;
    readonly valueMilli: number;
  }[];
  readonly movements: readonly {
    readonly epc: string;
    readonly occurredAt: number;
    readonly occurredKey: string;
    /** Null: from wherever it stood. */
    readonly fromLocation: string | null;
    readonly toLocation: string | null;
    readonly moved: boolean;
  }[];
}

export type ProjectColdChain = (
  trx: Transaction<Tables>,
  facts: ColdChainFacts,
  context: { readonly site: Site; readonly now: number },
) => Promise<Change[]>;
