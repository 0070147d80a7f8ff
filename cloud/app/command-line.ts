/** What was typed → what to do; PURE. A wrong line is a ConfigError that says what was expected. */
import { parseArgs } from 'node:util';
import { isGatewayId, RESERVED_IDS } from '../../protocol/link/topics.ts';
import { ROLES, type Role } from '../contract/roles.ts';
import { DEFAULT_INVITATION_HOURS, MAX_INVITATION_HOURS } from '../enrolment/invitations.ts';
import { ConfigError } from './config.ts';

export const HELP = `Tallyport cloud: takes in what gateways saw, keeps stock and cold chain, answers over HTTP.

  npm run cloud --                                  run until SIGTERM or Ctrl-C
  npm run cloud -- migrate                          bring the database schema up to date
  npm run cloud -- rebuild                          fold all events into stock, shipments and episodes from scratch
  npm run cloud -- user add <name> --role <role>    let somebody in; prints a token, once
  npm run cloud -- gateway add <id>                 let a gateway in; prints a token, once
  npm run cloud -- gateway invite <id>              a one-time code, for: npm run gateway -- enroll
  npm run cloud -- gateway revoke <id>              shut a gateway out, with all it has
  npm run cloud -- gateway config <id> [<file>]     wish a gateway.yaml for one behind AWS IoT, or see it
  npm run cloud -- gateway crl                      certificates to refuse, for a broker's crlfile
  npm run cloud -- shipments load <file>            load expected shipments, JSON or CSV

  --config FILE   configuration, default cloud.yaml (see cloud.example.yaml)
  --role ROLE     ${ROLES.join(', ')}: each may do what the ones before it may
  --hours N       how long a code is good, default ${DEFAULT_INVITATION_HOURS}, at most ${MAX_INVITATION_HOURS}
  --help          this text

Environment: DATABASE_URL (postgres://…) stands before "database" of the file, TALLYPORT_BROKER_URL (mqtts://…)
before "intake". With the embedded database, stop the cloud before any of these commands, or use its API.
`;

export type CommandLine =
  | { command: 'help' }
  | ({ config: string } & (
      | { command: 'run' | 'migrate' | 'rebuild' }
      | { command: 'user-add'; name: string; role: Role }
      | { command: 'gateway-add' | 'gateway-revoke'; id: string }
      | { command: 'gateway-invite'; id: string; hours: number }
      | { command: 'gateway-config'; id: string; file: string | undefined }
      | { command: 'gateway-crl' }
      | { command: 'shipments-load'; file: string }
    ));

export function readCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.help) return { command: 'help' };
  const { config, role, hours } = values;
  const [first, second, argument, ...rest] = positionals;
  const words =
    first === 'user' || first === 'gateway' || first === 'shipments' ? `${first} ${second ?? ''}` : first;
  const takesArgument = words?.includes(' ') ?? false;
  const [file, ...more] = words === 'gateway config' ? rest : [undefined, ...rest];
  const surplus = takesArgument ? more[0] : second;
  if (surplus !== undefined) throw usage(`unexpected argument "${surplus}"`);
  if (role !== undefined && words !== 'user add') throw usage('--role goes with "user add"');
  if (hours !== undefined && words !== 'gateway invite') throw usage('--hours goes with "gateway invite"');
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
      return { command: 'gateway-add', config, id: gatewayId('add', argument) };
    case 'gateway invite':
      return {
        command: 'gateway-invite',
        config,
        id: gatewayId('invite', argument),
        hours: invitationHours(hours),
      };
    case 'gateway revoke':
      return { command: 'gateway-revoke', config, id: gatewayId('revoke', argument) };
    case 'gateway config':
      return { command: 'gateway-config', config, id: gatewayId('config', argument), file };
    case 'gateway crl':
      if (argument !== undefined) throw usage(`unexpected argument "${argument}"`);
      return { command: 'gateway-crl', config };
    case 'shipments load':
      if (argument === undefined) throw usage('expected "shipments load <file>"');
      return { command: 'shipments-load', config, file: argument };
    default:
      throw usage(`unknown command "${words.trim()}"`);
  }
}

function gatewayId(action: string, id: string | undefined): string {
  if (id !== undefined && isGatewayId(id)) return id;
  const reserved = id !== undefined && RESERVED_IDS.has(id) ? `; "${id}" is a name of ours` : '';
  throw usage(
    `expected "gateway ${action} <id>", the id of lower-case letters, digits and dashes, at most 48${reserved}`,
  );
}

function invitationHours(text: string | undefined): number {
  if (text === undefined) return DEFAULT_INVITATION_HOURS;
  const hours = /^\d{1,4}(\.\d{1,2})?$/.test(text) ? Number(text) : 0;
  if (hours > 0 && hours <= MAX_INVITATION_HOURS) return hours;
  throw usage(`expected --hours with a number above 0, at most ${MAX_INVITATION_HOURS}`);
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
        hours: { type: 'string' },
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
