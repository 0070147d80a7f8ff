/**
 * How the simulated reader answers: every request with the response of its name and an LLRPStatus, what it cannot
 * read or does not know with ERROR_MESSAGE (LLRP 1.1 §9.1).
 */
import {
  decodeMessage,
  type LlrpMessage,
  type MessageInputs,
  type MessageName,
} from '../../../protocol/wire/llrp/codec.ts';
import {
  LLRP_1_0_1,
  LLRP_1_1,
  type LlrpFrame,
  type LlrpVersion,
} from '../../../protocol/wire/llrp/framing.ts';
import { type LLRPStatus, STATUS } from '../../../protocol/wire/llrp/status.ts';
import type { Configuration, Surroundings } from './configuration.ts';
import { capabilitiesOf, type Hardware } from './identity.ts';
import type { Outgoing } from './outgoing.ts';
import type { Refusal, RoSpecs, RunningSpec } from './ro-specs.ts';

/** What answering works on, for one turn. */
export interface Desk {
  readonly now: number;
  readonly outgoing: Outgoing;
  readonly configuration: Configuration;
  readonly specs: RoSpecs;
  readonly surroundings: Surroundings;
  readonly hardware: Hardware;
  readonly highestVersion: LlrpVersion;
  readonly started: (running: RunningSpec) => void;
  readonly ended: (running: RunningSpec) => void;
  readonly reportNow: (running: RunningSpec) => void;
  readonly configured: () => void;
  readonly hangUp: () => void;
}

const SUCCESS: LLRPStatus = { StatusCode: STATUS.M_Success, ErrorDescription: '' };

/** Messages whose body is an LLRPStatus and nothing else. */
type Answer = {
  [N in MessageName]: { LLRPStatus: LLRPStatus } extends MessageInputs[N] ? N : never;
}[MessageName];

export function answerFrame(frame: LlrpFrame, desk: Desk): void {
  if (frame.version > desk.highestVersion) {
    const text = `protocol version ${frame.version} is not supported`;
    answerWith(desk, 'ERROR_MESSAGE', frame.id, { code: STATUS.M_UnsupportedVersion, text });
    return;
  }
  const decoded = decodeMessage(frame);
  if (decoded.outcome === 'message') {
    answer(decoded.message, desk);
    return;
  }
  const refusal =
    decoded.outcome === 'unknown'
      ? { code: STATUS.M_UnsupportedMessage, text: `message type ${decoded.type} is not supported` }
      : { code: STATUS.M_ParameterError, text: `${decoded.name}: ${decoded.reason}` };
  answerWith(desk, 'ERROR_MESSAGE', decoded.id, refusal);
}

function answer(message: LlrpMessage, desk: Desk): void {
  const { id } = message;
  const { outgoing, configuration, specs, surroundings } = desk;
  switch (message.name) {
    case 'KEEPALIVE_ACK':
      break;
    case 'GET_SUPPORTED_VERSION':
      answerSupportedVersion(id, desk);
      break;
    case 'SET_PROTOCOL_VERSION':
      answerWith(desk, 'SET_PROTOCOL_VERSION_RESPONSE', id, setVersion(message.body.ProtocolVersion, desk));
      break;
    case 'GET_READER_CAPABILITIES':
      outgoing.say(
        'GET_READER_CAPABILITIES_RESPONSE',
        { LLRPStatus: SUCCESS, ...capabilitiesOf(desk.hardware) },
        id,
      );
      break;
    case 'GET_READER_CONFIG': {
      const settings = configuration.describe(message.body, surroundings);
      outgoing.say('GET_READER_CONFIG_RESPONSE', { LLRPStatus: SUCCESS, ...settings }, id);
      break;
    }
    case 'SET_READER_CONFIG': {
      const refusal = configuration.apply(message.body, surroundings);
      outgoing.holdsUponReconnect = configuration.holds && desk.hardware.canHold;
      desk.configured();
      answerWith(desk, 'SET_READER_CONFIG_RESPONSE', id, refusal);
      break;
    }
    case 'GET_ROSPECS':
      outgoing.say('GET_ROSPECS_RESPONSE', { LLRPStatus: SUCCESS, ROSpec: specs.specs }, id);
      break;
    case 'GET_REPORT':
      for (const running of specs.active) desk.reportNow(running);
      break;
    case 'ENABLE_EVENTS_AND_REPORTS':
      outgoing.enable(desk.now);
      break;
    case 'CLOSE_CONNECTION':
      answerWith(desk, 'CLOSE_CONNECTION_RESPONSE', id, undefined);
      desk.hangUp();
      break;
    default:
      answerRoSpecRequest(message, desk);
  }
}

function answerRoSpecRequest(message: LlrpMessage, desk: Desk): void {
  const { id } = message;
  const { specs, started, ended, now } = desk;
  switch (message.name) {
    case 'ADD_ROSPEC':
      answerWith(desk, 'ADD_ROSPEC_RESPONSE', id, specs.add(message.body.ROSpec));
      break;
    case 'DELETE_ROSPEC':
      answerWith(desk, 'DELETE_ROSPEC_RESPONSE', id, specs.delete(message.body.ROSpecID, ended));
      break;
    case 'ENABLE_ROSPEC':
      answerWith(desk, 'ENABLE_ROSPEC_RESPONSE', id, specs.enable(message.body.ROSpecID, started, now));
      break;
    case 'DISABLE_ROSPEC':
      answerWith(desk, 'DISABLE_ROSPEC_RESPONSE', id, specs.disable(message.body.ROSpecID, ended));
      break;
    case 'START_ROSPEC':
      answerWith(desk, 'START_ROSPEC_RESPONSE', id, specs.start(message.body.ROSpecID, started, now));
      break;
    case 'STOP_ROSPEC':
      answerWith(desk, 'STOP_ROSPEC_RESPONSE', id, specs.stop(message.body.ROSpecID, ended));
      break;
    default:
      answerWith(desk, 'ERROR_MESSAGE', id, unsupported(message.name));
  }
}

function answerSupportedVersion(id: number, desk: Desk): void {
  if (desk.highestVersion < LLRP_1_1) {
    answerWith(desk, 'ERROR_MESSAGE', id, unsupported('GET_SUPPORTED_VERSION'));
    return;
  }
  const versions = { CurrentVersion: desk.outgoing.version, SupportedVersion: desk.highestVersion };
  desk.outgoing.say('GET_SUPPORTED_VERSION_RESPONSE', { ...versions, LLRPStatus: SUCCESS }, id);
}

function setVersion(wanted: number, desk: Desk): Refusal | undefined {
  if (wanted !== LLRP_1_0_1 && (wanted !== LLRP_1_1 || desk.highestVersion < LLRP_1_1)) {
    return { code: STATUS.M_UnsupportedVersion, text: `protocol version ${wanted} is not supported` };
  }
  desk.outgoing.version = wanted;
  return undefined;
}

function unsupported(name: MessageName): Refusal {
  return { code: STATUS.M_UnsupportedMessage, text: `${name} is not supported` };
}

/** Success when there is no refusal. */
function answerWith(desk: Desk, name: Answer, id: number, refusal: Refusal | undefined): void {
  const status: LLRPStatus =
    refusal === undefined ? SUCCESS : { StatusCode: refusal.code, ErrorDescription: refusal.text };
  desk.outgoing.say(name, { LLRPStatus: status }, id);
}
