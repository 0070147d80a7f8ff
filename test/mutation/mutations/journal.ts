/** Ways in which the journal could lose, double, reorder or falsify events. */
import type { Mutation } from '../mutation.ts';

const LAYOUT = 'gateway/journal/file/layout.ts';
const STORE = 'gateway/journal/commit/store.ts';
const GROUP_COMMIT = 'gateway/journal/commit/group-commit.ts';
const ENGINE = 'gateway/journal/worker/engine.ts';
const OPEN_JOURNAL = 'gateway/journal/worker/open-journal.ts';
const THINNING = 'gateway/journal/commit/thinning.ts';
const SALVAGE = 'gateway/journal/salvage/salvage.ts';
const SALVAGE_SOURCE = 'gateway/journal/salvage/salvage-source.ts';
const CARRY_OVER = 'gateway/journal/salvage/carry-over.ts';
const LANE_ROWS = 'gateway/journal/commit/lane-rows.ts';
const MARKS = 'gateway/journal/file/file-marks.ts';
const SEALED = 'gateway/journal/file/sealed.ts';
const COUNTERS = 'gateway/journal/file/lane-counters.ts';

const JOURNAL_TEST = 'gateway/journal/worker/journal.test.ts';
const DAMAGE_TEST = 'gateway/journal/salvage/damage.test.ts';
const FULL_TEST = 'gateway/journal/commit/full.test.ts';
const ENGINE_TEST = 'gateway/journal/worker/engine.test.ts';
const GROUP_COMMIT_TEST = 'gateway/journal/commit/group-commit.test.ts';
const CARRIED_TEST = 'gateway/journal/salvage/carried.test.ts';
const DURABILITY_TEST = 'gateway/journal/worker/durability.test.ts';

export const JOURNAL_MUTATIONS: readonly Mutation[] = [
  {
    name: 'normal-instead-of-full',
    breaks: 'an append that resolved survives a power cut',
    edits: [
      { file: LAYOUT, from: "db.pragma('synchronous = FULL');", to: "db.pragma('synchronous = NORMAL');" },
    ],
    judge: DURABILITY_TEST,
  },
  {
    name: 'no-wal-no-sync',
    breaks: 'a power cut in mid-commit neither tears the file nor loses what was durable',
    edits: [
      { file: LAYOUT, from: "db.pragma('journal_mode = WAL');", to: "db.pragma('journal_mode = DELETE');" },
      { file: LAYOUT, from: "db.pragma('synchronous = FULL');", to: "db.pragma('synchronous = OFF');" },
    ],
    judge: DURABILITY_TEST,
  },
  {
    name: 'journal-shared-by-two',
    breaks: 'a second gateway on the same file is refused',
    edits: [
      {
        file: LAYOUT,
        from: "db.pragma('locking_mode = EXCLUSIVE');",
        to: "db.pragma('locking_mode = NORMAL');",
      },
    ],
    judge: JOURNAL_TEST,
  },
  {
    name: 'new-epoch-at-each-open',
    breaks: 'an event keeps its name across restarts, so that a resend is known as one',
    edits: [
      {
        file: MARKS,
        from: "const epoch = readMark(db, 'epoch');",
        to: "const epoch = readMark(db, 'epoch') && crypto.randomUUID();",
      },
    ],
    judge: JOURNAL_TEST,
  },
  {
    name: 'seq-from-surviving-rows',
    breaks: 'a seq is never given twice, also when its row is long pruned',
    edits: [
      {
        file: STORE,
        from: 'lastSeq: Math.max(lastSeq, lanes[lane].highestSeq()),',
        to: 'lastSeq: lanes[lane].highestSeq(),',
      },
    ],
    judge: JOURNAL_TEST,
  },
  {
    name: 'seq-restarts-at-reopen',
    breaks: 'seqs go on where they stood before a restart',
    edits: [
      {
        file: STORE,
        from: 'this.#saveCounters(lane, { lastSeq, prunedUpTo: upTo });',
        to: 'this.#saveCounters(lane, { lastSeq: 0, prunedUpTo: 0 });',
      },
    ],
    judge: JOURNAL_TEST,
  },
  {
    name: 'seq-of-the-reading-not-of-the-row',
    breaks: 'what is sent again goes under the seq it had the first time',
    edits: [
      {
        file: OPEN_JOURNAL,
        from: 'records.push(toRecord(seq, stored));',
        to: 'records.push(toRecord(records.length + 1, stored));',
      },
    ],
    judge: 'gateway/uplink/forwarder/forwarder.test.ts',
  },
  {
    name: 'prune-of-another-epoch',
    breaks: 'an ack of another epoch prunes nothing',
    edits: [
      {
        file: STORE,
        from: 'if (epoch !== this.epoch || upTo <= prunedUpTo',
        to: 'if (upTo <= prunedUpTo',
      },
      {
        file: OPEN_JOURNAL,
        from: 'if (epoch !== this.#epoch) return Promise.resolve();',
        to: '',
      },
    ],
    judge: JOURNAL_TEST,
  },
  {
    name: 'prune-one-too-many',
    breaks: 'nothing above the ack is pruned',
    edits: [{ file: STORE, from: '.prune(prunedUpTo, upTo);', to: '.prune(prunedUpTo, upTo + 1);' }],
    judge: JOURNAL_TEST,
  },
  {
    name: 'lane-read-backwards',
    breaks: 'a lane is sent in the order in which it was written',
    edits: [{ file: LANE_ROWS, from: 'order by seq limit @limit', to: 'order by seq desc limit @limit' }],
    judge: JOURNAL_TEST,
  },
  {
    name: 'group-commit-reports-early',
    breaks: 'an append resolves only after its commit',
    edits: [
      {
        file: GROUP_COMMIT,
        from: 'const generation = this.#generation;\n',
        to: 'const generation = this.#generation;\n    for (const waiter of all) waiter.resolve();\n',
      },
    ],
    judge: GROUP_COMMIT_TEST,
  },
  {
    name: 'appends-pass-a-failed-commit',
    breaks: 'what is queued behind a failed commit fails too, so that it can be offered again in order',
    edits: [
      {
        file: GROUP_COMMIT,
        from: 'if (generation === this.#generation) this.#failQueued(error);',
        to: '',
      },
    ],
    judge: GROUP_COMMIT_TEST,
  },
  {
    name: 'commits-pass-a-failed-commit',
    breaks: 'a commit under way behind a failed one fails too',
    edits: [
      {
        file: ENGINE,
        from: 'if (this.#failure?.generation === generation) throw this.#failure.error;',
        to: '',
      },
    ],
    judge: ENGINE_TEST,
  },
  {
    name: 'checkpoint-dropped-first',
    breaks: 'a checkpoint goes in the same commit that brings its event',
    edits: [
      {
        file: OPEN_JOURNAL,
        from: 'return this.#commits.append({ events, put, drop, patient });',
        to: 'return this.#commits\n      .append({ events: [], put: [], drop, patient })\n      .then(() => this.#commits.append({ events, put, drop: [], patient }));',
      },
    ],
    judge: GROUP_COMMIT_TEST,
  },
  {
    name: 'commit-in-two-halves',
    breaks: 'a commit is all or nothing',
    edits: [
      {
        file: STORE,
        from: 'this.#db.transaction(() => work(counters)).immediate();',
        to: 'work(counters);',
      },
    ],
    judge: DURABILITY_TEST,
  },
  {
    name: 'thinned-without-a-gap',
    breaks: 'every loss is reported as a gap event',
    edits: [
      {
        file: STORE,
        from: 'if (thinned.lost > 0) this.#writeGap(',
        to: 'if (thinned.lost < 0) this.#writeGap(',
      },
    ],
    judge: FULL_TEST,
  },
  {
    name: 'stock-thinned-first',
    breaks: 'over the limit, condition is given up before stock',
    edits: [
      {
        file: THINNING,
        from: 'if (spanOf(db, tailTableOf(lane)) >= STRETCH_EVENTS) return halveOldest(db, lane, prunedUpTo(lane));',
        to: "if (spanOf(db, 'lane_stock') > 0)\n    return dropOldest(db, 'stock', 'lane_stock', prunedUpTo('stock'), () => true);",
      },
    ],
    judge: FULL_TEST,
  },
  {
    name: 'gap-events-thinned',
    breaks: 'a gap event itself is never given up',
    edits: [
      {
        file: THINNING,
        from: 'const { spares, onlyForOwn } = laneKind(lane).givenUp;',
        to: 'const { onlyForOwn } = laneKind(lane).givenUp;\n    const spares: string[] = [];',
      },
    ],
    judge: FULL_TEST,
  },
  {
    name: 'thinned-seq-given-again',
    breaks: 'the highest seq outlives its thinned row',
    edits: [
      {
        file: STORE,
        from: `// The highest seq must outlive its row.
        this.#saveCounters(lane, { lastSeq, prunedUpTo });`,
        to: '',
      },
    ],
    judge: ENGINE_TEST,
  },
  {
    name: 'checksum-not-looked-at',
    breaks: 'a flipped bit never changes an event unnoticed',
    edits: [
      {
        file: SEALED,
        from: 'return sealed.slice(0, DIGITS) === digits(key, text) ? text : undefined;',
        to: 'return sealed.length + key.length > 0 ? text : undefined;',
      },
    ],
    judge: DAMAGE_TEST,
  },
  {
    name: 'counters-believed',
    breaks: 'a flipped bit never makes a seq be given twice',
    edits: [{ file: COUNTERS, from: '|| checksum(lane, row) !== row.crc', to: '' }],
    judge: DAMAGE_TEST,
  },
  {
    name: 'row-passed-by-in-a-damaged-tree',
    breaks: 'what a salvage does not come upon is reported',
    edits: [{ file: SALVAGE_SOURCE, from: 'return whole && walked?.rows === taken;', to: 'return true;' }],
    judge: DAMAGE_TEST,
  },
  {
    name: 'growth-of-a-failed-commit-unreported',
    breaks: 'a gap event that a failed commit left is sent',
    edits: [
      {
        file: ENGINE,
        from: '    } catch (error) {\n      if (!(error instanceof UnusableFileError)) this.#failure',
        to: '    } catch (error) {\n      this.#sentSeqs = store.lastSeqs();\n      if (!(error instanceof UnusableFileError)) this.#failure',
      },
    ],
    judge: ENGINE_TEST,
  },
  {
    name: 'unreadable-row-passed-over',
    breaks: 'a row that cannot be read is reported as a gap',
    edits: [
      {
        file: OPEN_JOURNAL,
        from: 'if (unreadable.length > 0) await',
        to: 'if (unreadable.length < 0) await',
      },
    ],
    judge: DAMAGE_TEST,
  },
  {
    name: 'damaged-file-deleted',
    breaks: 'a damaged journal file is set aside and kept',
    edits: [{ file: SALVAGE, from: 'renameSync(source, aside);', to: 'rmSync(source);' }],
    judge: DAMAGE_TEST,
  },
  {
    name: 'salvage-forgets-the-wal',
    breaks: 'commits that stand only in the WAL of a damaged file are carried over',
    edits: [
      {
        file: SALVAGE,
        from: 'moveSideFiles(file, source);',
        to: "moveSideFiles(file, source.concat('-apart'));",
      },
    ],
    judge: DURABILITY_TEST,
  },
  {
    name: 'salvage-without-origin',
    breaks: 'an event that is carried into a new journal keeps the name it was born with',
    edits: [
      {
        file: CARRY_OVER,
        from: 'ownName ? { epoch, seq } : undefined',
        to: 'ownName ? undefined : undefined',
      },
    ],
    judge: CARRIED_TEST,
  },
  {
    name: 'forked-names-kept',
    breaks: 'after a fork, events take new names where their old ones may be another’s',
    edits: [
      {
        file: CARRY_OVER,
        from: '(kept === undefined || seq <= kept[lane])',
        to: '(kept === undefined || seq > 0)',
      },
    ],
    judge: CARRIED_TEST,
  },
  {
    name: 'openings-not-counted',
    breaks: 'each opening of a journal has a number of its own',
    edits: [{ file: MARKS, from: 'n: (last?.n ?? 0) + 1', to: 'n: last?.n ?? 1' }],
    judge: CARRIED_TEST,
  },
  {
    name: 'copied-journal-opened',
    breaks: 'a journal of another machine is not gone on with',
    edits: [
      {
        file: LAYOUT,
        from: "if (foreign === 'refuse') refuseForeign(",
        to: 'if (format < 0) refuseForeign(',
      },
    ],
    judge: CARRIED_TEST,
  },
  {
    name: 'torn-log-not-noticed',
    breaks: 'commits that a damaged log has lost are reported as a gap',
    edits: [
      { file: LAYOUT, from: 'if (walLostCommits(file)) {', to: "if (file === '' && walLostCommits(file)) {" },
    ],
    judge: 'gateway/journal/salvage/torn-wal.test.ts',
  },
];
