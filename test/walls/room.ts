/** The words of the walls: what a row of the table says of a room. */

/** What only the adapters at the edge may use; everything else gets it through a port. */
export const POWERS = {
  clock: 'read a clock',
  timers: 'set a timer',
  chance: 'draw a random number',
  environment: 'read the environment',
  process: 'touch the process',
  console: 'write to the console',
  network: 'call the network by a global',
  page: 'touch the browser',
  globals: 'reach for the global object or evaluate text',
} as const;
export type Power = keyof typeof POWERS;

export interface CodeRoom {
  /**
   * A folder with all below it, or one file. A last segment `*` makes each folder below a room of its own; files that
   * lie beside those folders belong to the room above. The longest path that fits a file is its room.
   */
  readonly room: string;
  /** What it owns, in one line: ARCHITECTURE.md prints it. */
  readonly owns: string;
  /**
   * Rooms it may import, by their names: `a/b` is that room alone, `a/*` the rooms of that row, `a/**` the room and
   * all rooms below it.
   */
  readonly imports: readonly string[];
  /** npm packages, by the name of the package. */
  readonly packages?: readonly string[];
  /** Built-in modules, without `node:`. */
  readonly builtins?: readonly string[];
  readonly powers?: readonly Power[];
  /** Nothing that its files reach, however indirectly, may be impure. */
  readonly pure?: true;
}

/** One broken rule: where, which, and what to do. */
export interface Breach {
  readonly file: string;
  readonly line: number;
  readonly rule: WallRule;
  readonly message: string;
}

export const RULES = {
  room: 'a room imports only the rooms its row names',
  'no-room': 'every product file lies in a room of the table',
  package: 'a room imports only the packages its row names',
  builtin: 'a room imports only the built-in modules its row names',
  power: 'clock, timers, chance, environment, process, console only where the row grants them',
  pure: 'nothing that a pure room reaches, however indirectly, is impure',
  side: 'protocol, gateway and cloud do not know each other, in their tests either',
  'test-material': 'product never imports tests, fixtures or test/',
  'file-circle': 'no circle of imports between files; types count',
  'room-circle': 'no circle between rooms, neither in the table nor in the imports',
  'unknown-import':
    'every import can be followed: a literal that names a file, a package or a built-in module',
  'file-length': 'no file is longer than 400 lines',
  'unused-export': 'what is exported is used by another file, and outside protocol not by tests alone',
  'unused-member': 'a member of a class is named somewhere else',
  'unused-file': 'every file is reached from an entry',
  table: 'every row has files, every entry names a room',
} as const;
export type WallRule = keyof typeof RULES;
