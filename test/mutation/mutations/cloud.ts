/** Ways in which the cloud could ack too early, count twice, overwrite, or let one bad message stop a lane. */
import type { Mutation } from '../mutation.ts';

const INGEST = 'cloud/ingest/ingest.ts';
const TAKE = 'cloud/ingest/take-batches.ts';
const EVENTS = 'cloud/ingest/delivery/events.ts';
const JUDGE = 'cloud/ingest/delivery/judge.ts';
const WATERMARK = 'cloud/ingest/delivery/watermark.ts';
const LOCKS = 'cloud/ledger/locks.ts';
const QUEUE = 'cloud/intake/delivery-queue.ts';
const LANES = 'cloud/ingest/delivery/lanes.ts';
const OPENINGS = 'cloud/ingest/delivery/openings.ts';
const CLOCKS = 'cloud/ingest/clocks/clocks.ts';
const JETSTREAM = 'cloud/intake/jetstream/jetstream-intake.ts';
const SQS = 'cloud/intake/aws/sqs-intake.ts';
const LINK_ROUTE = 'cloud/api/routes/link.ts';
const SCHEMA = 'cloud/store/migrations/001-ledger.ts';

const INGEST_TEST = 'cloud/ingest/ingest.test.ts';
const LANES_AT_ONCE_TEST = 'cloud/ingest/lanes-at-once.test.ts';
const COMMIT_TEST = 'cloud/ingest/commit.test.ts';
const WATERMARK_TEST = 'cloud/ingest/delivery/watermark.test.ts';

const TRANSACTION = 'store.db.transaction().execute((trx) => takeBatches(trx, batches, refused, context()))';

export const CLOUD_MUTATIONS: readonly Mutation[] = [
  {
    name: 'ack-before-commit',
    breaks: 'an ack follows the commit',
    edits: [
      {
        file: INGEST,
        from: TRANSACTION,
        to: `new Promise<Taken>((resolve, reject) => {
            const early = async (trx: Parameters<typeof takeBatches>[0]) => {
              resolve(await takeBatches(trx, batches, refused, context()));
            };
            store.db.transaction().execute(early).catch(reject);
          })`,
      },
    ],
    judge: COMMIT_TEST,
  },
  {
    name: 'no-transaction',
    breaks: 'events, their effects and the watermark are one transaction',
    edits: [
      {
        file: INGEST,
        from: TRANSACTION,
        to: 'takeBatches(store.db as Parameters<typeof takeBatches>[0], batches, refused, context())',
      },
    ],
    judge: COMMIT_TEST,
  },
  {
    name: 'watermark-in-its-own-transaction',
    breaks: 'the watermark never stands without its events',
    edits: [
      {
        file: INGEST,
        from: TRANSACTION,
        to: `(async () => {
            const none = batches.map((batch) => ({ ...batch, events: [], deadLetters: [] }));
            await store.db.transaction().execute((trx) => takeBatches(trx, none, [], context()));
            return ${TRANSACTION};
          })()`,
      },
    ],
    judge: COMMIT_TEST,
  },
  {
    name: 'published-before-commit',
    breaks: 'changes are published after their commit',
    edits: [
      {
        file: INGEST,
        from: TRANSACTION,
        to: `store.db.transaction().execute(async (trx) => {
            const early = await takeBatches(trx, batches, refused, context());
            options.onCommitted?.(distinctChanges(early.changes));
            return early;
          })`,
      },
    ],
    judge: COMMIT_TEST,
  },
  {
    name: 'unique-key-forgotten',
    breaks: 'an event that comes again is known by its key',
    edits: [
      {
        file: SCHEMA,
        from: '    digest text not null,\n    primary key (gateway, epoch, lane, seq)',
        to: '    digest text not null',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'key-without-epoch',
    breaks: 'the same seq of another epoch is another event',
    edits: [
      {
        file: SCHEMA,
        from: 'primary key (gateway, epoch, lane, seq)',
        to: 'primary key (gateway, lane, seq)',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'watermark-without-epoch',
    breaks: 'a new epoch begins with an empty watermark',
    edits: [
      {
        file: LANES,
        from: 'export function laneName({ gateway, epoch, lane }: LaneName): string {',
        to: "export function laneName({ gateway, epoch, lane }: LaneName): string {\n  if (epoch) return [gateway, lane].join('/');",
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'conflict-not-expected',
    breaks: 'a resend is harmless',
    edits: [{ file: EVENTS, from: 'on conflict do nothing', to: '' }],
    judge: INGEST_TEST,
  },
  {
    name: 'resend-counted-twice',
    breaks: 'only what is new takes effect',
    edits: [
      {
        file: EVENTS,
        from: 'fresh: events.filter((event) => inserted.has(event.key)),',
        to: 'fresh: events,',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'mismatch-overwrites',
    breaks: 'the first body of a key stays',
    edits: [
      {
        file: EVENTS,
        from: 'on conflict do nothing',
        to: 'on conflict (gateway, epoch, lane, seq) do update set body = excluded.body, digest = excluded.digest',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'mismatch-not-raised',
    breaks: 'another body under a known key is raised',
    edits: [
      {
        file: EVENTS,
        from: 'known.filter(({ key }) => differing.has(key))',
        to: 'known.filter(({ key }) => !key && differing.has(key))',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'ack-the-batch-not-the-watermark',
    breaks: 'an ack goes no further than the first hole',
    edits: [{ file: TAKE, from: 'const { upTo } = state.watermark;', to: 'const upTo = batch.lastSeq;' }],
    judge: INGEST_TEST,
  },
  {
    name: 'watermark-jumps-holes',
    breaks: 'the watermark stops before a hole',
    edits: [{ file: WATERMARK, from: 'if (from <= upTo + 1) upTo', to: 'if (from <= to) upTo' }],
    judge: WATERMARK_TEST,
  },
  {
    name: 'watermark-off-by-one',
    breaks: 'the watermark stops before a hole of one event',
    edits: [{ file: WATERMARK, from: 'if (from <= upTo + 1) upTo', to: 'if (from <= upTo + 2) upTo' }],
    judge: WATERMARK_TEST,
  },
  {
    name: 'lost-commits-not-raised',
    breaks: 'a database behind what the gateway has pruned says so',
    edits: [{ file: LANES, from: 'state.lost.push(...lost);', to: 'void lost;' }],
    judge: INGEST_TEST,
  },
  {
    name: 'poison-swallowed',
    breaks: 'a poison event is kept aside with its reason',
    edits: [{ file: JUDGE, from: 'else deadLetters.push(poison(raw, batch, verdict));', to: '' }],
    judge: INGEST_TEST,
  },
  {
    name: 'poison-blocks-the-lane',
    breaks: 'a bad event never stops a good one behind it',
    edits: [
      {
        file: TAKE,
        from: 'advance(lane, batch);',
        to: 'if (batch.deadLetters.length === 0) advance(lane, batch);',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'refused-by-database-blocks-the-lane',
    breaks: 'an event that the database refuses does not stop its lane',
    edits: [
      {
        file: INGEST,
        from: "if (failureOf(error) !== 'data' || !judgement.ok) return reject(entry, error);",
        to: "if (failureOf(error) !== 'none' || !judgement.ok) return reject(entry, error);",
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'sender-not-compared',
    breaks: 'a gateway delivers only under its own name',
    edits: [{ file: JUDGE, from: 'batch.gateway !== delivery.gateway || ', to: '' }],
    judge: INGEST_TEST,
  },
  {
    name: 'revoked-gateway-taken',
    breaks: 'a gateway whose registration was revoked delivers nothing',
    edits: [{ file: LANES, from: ' and g.revoked_at is null)', to: ')' }],
    judge: INGEST_TEST,
  },
  {
    name: 'stranger-taken',
    breaks: 'a gateway that is not registered delivers nothing',
    edits: [
      {
        file: LANES,
        from: 'where exists (select 1 from gateways',
        to: 'where true or exists (select 1 from gateways',
      },
    ],
    judge: INGEST_TEST,
  },
  {
    name: 'intake-acks-before-the-handler',
    breaks: 'an intake sends an ack only when the ingest has answered',
    edits: [
      {
        file: QUEUE,
        from: 'const ack = await this.#options.handler(delivery);',
        to: `const { gateway, lane } = delivery;
      this.#options.onAck(delivery, { v: 1, gateway, epoch: 'epoch-0001', lane, upTo: 1 });
      const ack = await this.#options.handler(delivery);`,
      },
    ],
    judge: 'cloud/intake/delivery-queue.test.ts',
  },
  {
    name: 'lanes-not-locked',
    breaks: 'several cloud workers move one watermark one after the other',
    edits: [
      {
        file: LOCKS,
        from: 'union all\n    select pg_advisory_xact_lock(',
        to: 'union all\n    select pg_advisory_xact_lock_shared(',
      },
    ],
    judge: INGEST_TEST,
    needs: 'DATABASE_URL',
  },
  {
    name: 'derived-not-locked',
    breaks: 'what follows from two lanes that come at once is seen by one of them',
    edits: [{ file: 'cloud/projections/project.ts', from: 'await lockDerivedState(trx);', to: '' }],
    judge: LANES_AT_ONCE_TEST,
    needs: 'DATABASE_URL',
  },
  {
    name: 'opening-race-not-looked-at',
    breaks: 'of two copies of a journal that open at once one is refused',
    edits: [
      {
        file: OPENINGS,
        from: 'if (onRecord.rows.length < rows.length)',
        to: 'if (onRecord.rows.length < 0)',
      },
    ],
    judge: LANES_AT_ONCE_TEST,
    needs: 'DATABASE_URL',
  },
  {
    name: 'clocks-not-locked',
    breaks: 'an event that begins to wait for a clock and the word it waits for do not miss each other',
    edits: [{ file: TAKE, from: 'bringsClocks(batch) || unsyncedEvents', to: 'unsyncedEvents' }],
    judge: 'cloud/ingest/clocks.test.ts',
    needs: 'DATABASE_URL',
  },
  {
    name: 'rebuild-not-locked-out',
    breaks: 'no batch is half-way while a rebuild folds all events',
    edits: [
      {
        file: LOCKS,
        from: `await sql\`select pg_advisory_xact_lock(\${LEDGER}`,
        to: `await sql\`select pg_advisory_xact_lock_shared(\${LEDGER}`,
      },
    ],
    judge: 'cloud/ingest/rebuild-alone.test.ts',
    needs: 'DATABASE_URL',
  },
  {
    name: 'origin-not-looked-at',
    breaks: 'an event counts once, by whichever of its names it comes',
    edits: [
      {
        file: JUDGE,
        from: 'const name = origin ?? { epoch: batch.epoch, seq };',
        to: 'const name = { epoch: batch.epoch, seq };',
      },
    ],
    judge: 'cloud/ingest/journals.test.ts',
  },
  {
    name: 'fork-not-looked-for',
    breaks: 'a copied or restored journal is refused',
    edits: [{ file: OPENINGS, from: 'if (boot === undefined) return', to: 'if (boot !== null) return' }],
    judge: 'cloud/ingest/openings.test.ts',
  },
  {
    name: 'set-back-not-noticed',
    breaks: 'a journal that was set back is refused',
    edits: [{ file: OPENINGS, from: 'heard > boot.base)', to: 'heard > boot.base && heard < 0)' }],
    judge: 'cloud/ingest/openings.test.ts',
  },
  {
    name: 'copy-not-noticed',
    breaks: 'a second copy of a journal is refused',
    edits: [{ file: OPENINGS, from: 'known !== boot.id)', to: 'known === boot.n)' }],
    judge: 'cloud/ingest/openings.test.ts',
  },
  {
    name: 'unsynced-taken-at-its-word',
    breaks: 'the times of a gateway that did not know the time are put right',
    edits: [{ file: CLOCKS, from: "record.clock === 'unsynced'", to: "record.clock === 'never'" }],
    judge: 'cloud/ingest/clocks.test.ts',
  },
  {
    name: 'late-correction-ignored',
    breaks: 'a clock that becomes known late still puts the times before it right',
    edits: [{ file: INGEST, from: 'clocks.settleSoon(taken.clocksToSettle);', to: '' }],
    judge: 'cloud/ingest/clocks.test.ts',
  },
  {
    name: 'jetstream-ack-before-commit',
    breaks: 'a batch stays with NATS until it is committed',
    edits: [
      {
        file: JETSTREAM,
        from: 'session.inHand.add(message);',
        to: 'session.inHand.add(message);\n    message.ack();',
      },
    ],
    judge: 'cloud/intake/jetstream/jetstream-intake.test.ts',
    needs: 'nats-server',
  },
  {
    name: 'sqs-deletes-what-was-not-taken',
    breaks: 'a message stays in SQS until its batch is committed',
    edits: [{ file: SQS, from: "return 'release';", to: "return 'delete';" }],
    judge: 'test/contract/aws-iot-intake.test.ts',
  },
  {
    name: 'https-200-before-commit',
    breaks: 'the answer to a POST comes after the commit',
    edits: [
      {
        file: LINK_ROUTE,
        from: 'const outcome = await door.deliver(gateway, lane, request.body);',
        to: "void door.deliver(gateway, lane, request.body);\n      const ack = { v: 1, gateway, epoch: 'epoch-0001', lane, upTo: 1 } as const;\n      const outcome = { kind: 'taken', ack } as Outcome;",
      },
    ],
    judge: 'cloud/api/link.test.ts',
  },
  {
    name: 'https-not-taken-answered-as-refused',
    breaks: 'a batch that was not taken is sent again',
    edits: [
      {
        file: LINK_ROUTE,
        from: "throw new ProblemError('batch_not_taken', outcome.reason);",
        to: 'reply.code(202);\n          return undefined;',
      },
    ],
    judge: 'cloud/api/link.test.ts',
  },
];
