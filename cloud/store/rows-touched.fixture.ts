/**
 * How many rows of tables a piece of work makes the database look at: its statements are recorded in a transaction
 * that is rolled back, then explained with their real row counts in another. Tables of a test are so small that
 * reading them whole is often the best plan; that is forbidden here, so the counts are those of large tables. Test
 * material, not part of the product.
 */
import { CompiledQuery, type KyselyPlugin, type RootOperationNode, type Transaction } from 'kysely';
import * as z from 'zod';
import type { Store } from './database.ts';
import type { Tables } from './tables.ts';

class RolledBack extends Error {}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string | undefined;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number | undefined;
  'Rows Removed by Index Recheck'?: number | undefined;
  Plans?: PlanNode[] | undefined;
}

const planNode: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    'Rows Removed by Index Recheck': z.number().optional(),
    Plans: z.array(planNode).optional(),
  }),
);
const explained = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: planNode })]) })]);

/** Rows looked at in each table; what the work would have written is not kept. */
export async function rowsTouched(
  { db }: Pick<Store, 'db'>,
  work: (trx: Transaction<Tables>) => Promise<unknown>,
): Promise<Map<string, number>> {
  const statements: CompiledQuery[] = [];
  const recorder: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      statements.push(db.getExecutor().compileQuery<unknown>(node satisfies RootOperationNode, queryId));
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  await rollBack({ db }, (trx) => work(trx.withPlugin(recorder)));
  const touched = new Map<string, number>();
  await rollBack({ db }, async (trx) => {
    await trx.executeQuery(CompiledQuery.raw('set local enable_seqscan = off'));
    for (const { sql, parameters } of statements) {
      const explain = CompiledQuery.raw(`explain (analyze, format json) ${sql}`, [...parameters]);
      const [{ 'QUERY PLAN': plans }] = explained.parse((await trx.executeQuery(explain)).rows);
      for (const { Plan } of plans) addScans(touched, Plan);
    }
  });
  return touched;
}

async function rollBack(
  { db }: Pick<Store, 'db'>,
  work: (trx: Transaction<Tables>) => Promise<unknown>,
): Promise<void> {
  const end = new RolledBack();
  await db
    .transaction()
    .execute(async (trx) => {
      await work(trx);
      throw end;
    })
    .catch((error: unknown) => {
      if (error !== end) throw error;
    });
}

function addScans(touched: Map<string, number>, node: PlanNode): void {
  const table = node['Relation Name'];
  if (table !== undefined && node['Node Type'].includes('Scan')) {
    const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
    const rows = (node['Actual Rows'] + removed) * node['Actual Loops'];
    touched.set(table, (touched.get(table) ?? 0) + rows);
  }
  for (const child of node.Plans ?? []) addScans(touched, child);
}
