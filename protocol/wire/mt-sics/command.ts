/**
 * MT-SICS commands, the lines a host sends: name, CR LF, and for a few an optional argument
 * (`SR 10.00 g`, `TA 100.00 g`). Names are the manual's own.
 */

export const SICS_COMMANDS = [
  'S', // next stable weight
  'SI', // weight at once, stable or not
  'SIR', // weight at once, then on and on
  'SR', // stable weight, then every change of it
  'Z',
  'ZI',
  'T',
  'TI',
  'TA',
  'TAC',
  '@', // cancel everything, as after power-up; also clears the tare
  'I0',
  'I1',
  'I2',
  'I3',
  'I4',
] as const;

export type SicsCommandName = (typeof SICS_COMMANDS)[number];

export interface SicsCommand {
  readonly name: SicsCommandName;
  readonly argument?: string;
}

const NAMES: ReadonlySet<string> = new Set(SICS_COMMANDS);

export function encodeCommand(command: SicsCommand): Uint8Array {
  const argument = command.argument === undefined ? '' : ` ${command.argument}`;
  return new TextEncoder().encode(`${command.name}${argument}\r\n`);
}

/** Undefined for what a scale answers with `ES`. The line comes without CR LF. */
export function decodeCommand(line: string): SicsCommand | undefined {
  const [name = '', ...rest] = line.trimEnd().split(' ');
  if (!isCommandName(name)) return undefined;
  return rest.length === 0 ? { name } : { name, argument: rest.join(' ') };
}

function isCommandName(name: string): name is SicsCommandName {
  return NAMES.has(name);
}
