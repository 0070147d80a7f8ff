/** What was typed → what to do; PURE. A wrong line is a ConfigError that says what was expected. */
import { parseArgs } from 'node:util';
import { isGatewayId } from '../../protocol/link/topics.ts';
import { ROLES, type Role } from '../api/roles.ts';
import { ConfigError } from './config.ts';

export const HELP = `Tallyport cloud: takes in what gateways saw, keeps stock and cold chain, answers over HTTP.

  npm run cloud --                                  run until SIGTERM or Ctrl-C
  npm run cloud -- migrate                          bring the database schema up to date
  npm run cloud -- rebuild                          fold all events into stock, shipments and episodes from scratch
  npm run cloud -- user add <name> --role <role>    let somebody in; prints a token, once
  npm run cloud -- gateway add <id>                 let a gateway in; prints a token, once
  npm run cloud -- shipments load <file>            load expected shipments, JSON or CSV

  --config FILE   configuration, default cloud.yaml (see cloud.example.yaml)
  --role ROLE     ${ROLES.join(', ')}: each may do what the ones before it may
  --help          this text

Environment: DATABASE_URL (postgres://…) stands before "database" of the file, TALLYPORT_BROKER_URL (mqtts://…)
before "intake". With the embedded database, stop the cloud before any of these commands, or use its API.
`;

export type CommandLine =
  | { command: 'help' }
  | ({ config: string } & (
      | { command: 'run' | 'migrate' | 'rebuild' }
      | { command: 'user-add'; name: string; role: Role }
      | { command: 'gateway-add'; id: string }
      | { command: 'shipments-load'; file: string }
    ));

export function readCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.help) return { command: 'help' };
  const { config, role } = values;
  const [first, second, argument, ...rest] = positionals;
  const words =
    first === 'user' || first === 'gateway' || first === 'shipments' ? `${first} ${second ?? ''}` : first;
  const takesArgument = words?.includes(' ') ?? false;
  const surplus = takesArgument ? rest[0] : second;
  if (surplus !== undefined) throw usage(`unexpected argument "${surplus}"`);
  if (role !== undefined && words !== 'user add') throw usage('--role goes with "user add"');
  switch (words) {
    case undefined:
    case 'run':
      return { command: 'run', config };
    case 'migrate':
    case 'rebuild':
      return { command: words, config };
    case 'user add':
      return { command: 'user-add', config, ...newUser(argument, role) };
    case 'gateway add':
      if (argument === undefined || !isGatewayId(argument)) {
        throw usage(
          'expected "gateway add <id>", the id of lower-case letters, digits and dashes, at most 48',
        );
      }
      return { command: 'gateway-add', config, id: argument };
    case 'shipments load':
      if (argument === undefined) throw usage('expected "shipments load <file>"');
      return { command: 'shipments-load', config, file: argument };
    default:
      throw usage(`unknown command "${words.trim()}"`);
  }
}

function newUser(name: string | undefined, wanted: string | undefined): { name: string; role: Role } {
  if (name === undefined || !/^[^\s/]{1,64}$/.test(name)) {
    throw usage('expected "user add <name> --role <role>", the name without spaces, at most 64 characters');
  }
  const role = ROLES.find((known) => known === wanted);
  if (role === undefined) throw usage(`expected --role with one of ${ROLES.join(', ')}`);
  return { name, role };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        config: { type: 'string', default: 'cloud.yaml' },
        role: { type: 'string' },
        help: { type: 'boolean', default: false, short: 'h' },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error));
  }
}

function usage(message: string): ConfigError {
  return new ConfigError([`${message}; see npm run cloud -- --help`]);
}
