/**
 * How the simulated reader answers: every request with the response of its name and an LLRPStatus, also one whose
 * body it cannot read; ERROR_MESSAGE only for what has no response: message types and versions it does not support,
 * and messages that no client may send (LLRP 1.1 §8.1, §9.1).
 */
import {
  decodeMessage,
  type LlrpMessage,
  type MessageInputs,
  type MessageName,
  messageType,
} from '../../../protocol/wire/llrp/codec.ts';
import {
  LLRP_1_0_1,
  LLRP_1_1,
  type LlrpFrame,
  type LlrpVersion,
} from '../../../protocol/wire/llrp/framing.ts';
import { type LLRPStatus, STATUS } from '../../../protocol/wire/llrp/status.ts';
import type { AccessSpecs } from './access-specs.ts';
import type { Configuration, ReaderHardware } from './configuration.ts';
import { capabilitiesOf, type Hardware } from './identity.ts';
import type { Outgoing } from './outgoing.ts';
import { type LlrpRefusal, refusal, statusOf } from './refusal.ts';
import type { RoSpecs } from './ro-specs.ts';

/** What answering works on, for one turn. */
export interface Desk {
  readonly now: number;
  readonly outgoing: Outgoing;
  readonly configuration: Configuration;
  readonly specs: RoSpecs;
  readonly accessSpecs: AccessSpecs;
  readonly surroundings: ReaderHardware;
  readonly hardware: Hardware;
  readonly highestVersion: LlrpVersion;
  /** Sends all that has gathered, in a message of this id. */
  readonly reportNow: (id: number) => void;
  readonly configured: () => void;
  readonly hangUp: () => void;
}

/** Messages whose body is an LLRPStatus and nothing else that must be. */
type AnswerName = {
  [N in MessageName]: { LLRPStatus: LLRPStatus } extends MessageInputs[N] ? N : never;
}[MessageName];

/** What a request gets in answer; the rest of the catalogue is the reader's to send, or gets none. */
const ANSWERS = {
  GET_READER_CAPABILITIES: 'GET_READER_CAPABILITIES_RESPONSE',
  GET_READER_CONFIG: 'GET_READER_CONFIG_RESPONSE',
  SET_READER_CONFIG: 'SET_READER_CONFIG_RESPONSE',
  CLOSE_CONNECTION: 'CLOSE_CONNECTION_RESPONSE',
  ADD_ROSPEC: 'ADD_ROSPEC_RESPONSE',
  DELETE_ROSPEC: 'DELETE_ROSPEC_RESPONSE',
  START_ROSPEC: 'START_ROSPEC_RESPONSE',
  STOP_ROSPEC: 'STOP_ROSPEC_RESPONSE',
  ENABLE_ROSPEC: 'ENABLE_ROSPEC_RESPONSE',
  DISABLE_ROSPEC: 'DISABLE_ROSPEC_RESPONSE',
  GET_ROSPECS: 'GET_ROSPECS_RESPONSE',
  ADD_ACCESSSPEC: 'ADD_ACCESSSPEC_RESPONSE',
  DELETE_ACCESSSPEC: 'DELETE_ACCESSSPEC_RESPONSE',
  ENABLE_ACCESSSPEC: 'ENABLE_ACCESSSPEC_RESPONSE',
  DISABLE_ACCESSSPEC: 'DISABLE_ACCESSSPEC_RESPONSE',
  GET_ACCESSSPECS: 'GET_ACCESSSPECS_RESPONSE',
  SET_PROTOCOL_VERSION: 'SET_PROTOCOL_VERSION_RESPONSE',
} as const satisfies Partial<Record<MessageName, AnswerName>>;

/** Messages of version negotiation are of 1.1 whatever was negotiated. */
const NEGOTIATION = new Set([messageType('GET_SUPPORTED_VERSION'), messageType('SET_PROTOCOL_VERSION')]);

export function answerFrame(frame: LlrpFrame, desk: Desk): void {
  const negotiates = NEGOTIATION.has(frame.type) && frame.version <= desk.highestVersion;
  if (frame.version !== desk.outgoing.version && !negotiates) {
    const isKnown = frame.version <= desk.highestVersion;
    const text = `protocol version ${frame.version} is not ${isKnown ? 'in use' : 'supported'}`;
    say(desk, 'ERROR_MESSAGE', frame.id, refusal(STATUS.M_UnsupportedVersion, text));
    return;
  }
  const decoded = decodeMessage(frame);
  if (decoded.outcome === 'message') {
    answer(decoded.message, desk);
    return;
  }
  if (decoded.outcome === 'unknown') {
    say(desk, 'ERROR_MESSAGE', decoded.id, unsupported(`message type ${decoded.type}`));
    return;
  }
  const response = (ANSWERS as Partial<Record<MessageName, AnswerName>>)[decoded.name] ?? 'ERROR_MESSAGE';
  say(desk, response, decoded.id, refusal(STATUS.M_ParameterError, `${decoded.name}: ${decoded.reason}`));
}

function answer(message: LlrpMessage, desk: Desk): void {
  const { id, name } = message;
  const { outgoing, configuration, specs, accessSpecs, surroundings, now } = desk;
  switch (name) {
    case 'KEEPALIVE_ACK':
      return;
    case 'ENABLE_EVENTS_AND_REPORTS':
      outgoing.enable(now);
      return;
    case 'GET_REPORT':
      desk.reportNow(id);
      return;
    case 'GET_SUPPORTED_VERSION':
      answerSupportedVersion(id, desk);
      return;
    case 'SET_PROTOCOL_VERSION':
      answerSetVersion(message.body.ProtocolVersion, id, desk);
      return;
    case 'GET_READER_CAPABILITIES':
      outgoing.say(
        ANSWERS[name],
        withStatus(capabilitiesOf(message.body.RequestedData, desk.hardware, outgoing.version)),
        id,
      );
      return;
    case 'GET_READER_CONFIG':
      outgoing.say(ANSWERS[name], withStatus(configuration.describe(message.body, surroundings)), id);
      return;
    case 'SET_READER_CONFIG': {
      const refused = configuration.apply(message.body, surroundings);
      outgoing.holdsUponReconnect = configuration.holds;
      desk.configured();
      change(desk, ANSWERS[name], id, refused);
      return;
    }
    case 'GET_ROSPECS':
      outgoing.say(ANSWERS[name], { LLRPStatus: statusOf(undefined), ROSpec: specs.specs }, id);
      return;
    case 'ADD_ROSPEC':
      change(desk, ANSWERS[name], id, specs.add(message.body.ROSpec));
      return;
    case 'DELETE_ROSPEC':
      change(desk, ANSWERS[name], id, specs.delete(message.body.ROSpecID, now));
      return;
    case 'ENABLE_ROSPEC':
      change(desk, ANSWERS[name], id, specs.enable(message.body.ROSpecID, now));
      return;
    case 'DISABLE_ROSPEC':
      change(desk, ANSWERS[name], id, specs.disable(message.body.ROSpecID, now));
      return;
    case 'START_ROSPEC':
      say(desk, ANSWERS[name], id, specs.start(message.body.ROSpecID, now));
      return;
    case 'STOP_ROSPEC':
      say(desk, ANSWERS[name], id, specs.stop(message.body.ROSpecID, now));
      return;
    case 'GET_ACCESSSPECS':
      outgoing.say(ANSWERS[name], { LLRPStatus: statusOf(undefined), AccessSpec: accessSpecs.specs }, id);
      return;
    case 'ADD_ACCESSSPEC':
      change(desk, ANSWERS[name], id, accessSpecs.add(message.body.AccessSpec));
      return;
    case 'DELETE_ACCESSSPEC':
      change(desk, ANSWERS[name], id, accessSpecs.delete(message.body.AccessSpecID));
      return;
    case 'ENABLE_ACCESSSPEC':
      change(desk, ANSWERS[name], id, accessSpecs.setActive(message.body.AccessSpecID, true));
      return;
    case 'DISABLE_ACCESSSPEC':
      change(desk, ANSWERS[name], id, accessSpecs.setActive(message.body.AccessSpecID, false));
      return;
    case 'CLOSE_CONNECTION':
      say(desk, ANSWERS[name], id, undefined);
      desk.hangUp();
      return;
    case 'CUSTOM_MESSAGE':
      say(
        desk,
        'ERROR_MESSAGE',
        id,
        unsupported(`CUSTOM_MESSAGE of vendor ${message.body.VendorIdentifier}`),
      );
      return;
    case 'GET_READER_CAPABILITIES_RESPONSE':
    case 'GET_READER_CONFIG_RESPONSE':
    case 'SET_READER_CONFIG_RESPONSE':
    case 'CLOSE_CONNECTION_RESPONSE':
    case 'ADD_ROSPEC_RESPONSE':
    case 'DELETE_ROSPEC_RESPONSE':
    case 'START_ROSPEC_RESPONSE':
    case 'STOP_ROSPEC_RESPONSE':
    case 'ENABLE_ROSPEC_RESPONSE':
    case 'DISABLE_ROSPEC_RESPONSE':
    case 'GET_ROSPECS_RESPONSE':
    case 'ADD_ACCESSSPEC_RESPONSE':
    case 'DELETE_ACCESSSPEC_RESPONSE':
    case 'ENABLE_ACCESSSPEC_RESPONSE':
    case 'DISABLE_ACCESSSPEC_RESPONSE':
    case 'GET_ACCESSSPECS_RESPONSE':
    case 'GET_SUPPORTED_VERSION_RESPONSE':
    case 'SET_PROTOCOL_VERSION_RESPONSE':
    case 'RO_ACCESS_REPORT':
    case 'KEEPALIVE':
    case 'READER_EVENT_NOTIFICATION':
    case 'ERROR_MESSAGE': {
      const text = `${name} is not for a reader to receive`;
      say(desk, 'ERROR_MESSAGE', id, refusal(STATUS.M_UnexpectedMessage, text));
      return;
    }
  }
  message satisfies never;
}

function answerSupportedVersion(id: number, desk: Desk): void {
  if (desk.highestVersion < LLRP_1_1) {
    say(desk, 'ERROR_MESSAGE', id, unsupported('GET_SUPPORTED_VERSION'));
    return;
  }
  const versions = { CurrentVersion: desk.outgoing.version, SupportedVersion: desk.highestVersion };
  desk.outgoing.say('GET_SUPPORTED_VERSION_RESPONSE', { ...versions, LLRPStatus: statusOf(undefined) }, id);
}

/** Once a connection: a second time it is unexpected (LLRP 1.1 §9.1.3). */
function answerSetVersion(wanted: number, id: number, desk: Desk): void {
  const { outgoing } = desk;
  const isKnown = wanted === LLRP_1_0_1 || (wanted === LLRP_1_1 && desk.highestVersion === LLRP_1_1);
  if (!isKnown) {
    const text = `protocol version ${wanted} is not supported`;
    say(desk, ANSWERS.SET_PROTOCOL_VERSION, id, refusal(STATUS.M_UnsupportedVersion, text));
  } else if (outgoing.isVersionSet) {
    const text = 'the protocol version is set already';
    say(desk, ANSWERS.SET_PROTOCOL_VERSION, id, refusal(STATUS.M_UnexpectedMessage, text));
  } else {
    outgoing.setVersion(wanted);
    say(desk, ANSWERS.SET_PROTOCOL_VERSION, id, undefined);
  }
}

function unsupported(what: string): LlrpRefusal {
  return refusal(STATUS.M_UnsupportedMessage, `${what} is not supported`);
}

function withStatus<T extends object>(found: T | LlrpRefusal): (T | object) & { LLRPStatus: LLRPStatus } {
  if ('code' in found) return { LLRPStatus: statusOf(found) };
  return { LLRPStatus: statusOf(undefined), ...found };
}

function say(desk: Desk, name: AnswerName, id: number, refused: LlrpRefusal | undefined): void {
  desk.outgoing.say(name, { LLRPStatus: statusOf(refused) }, id);
}

/** An answer to what changes configuration or specs. */
function change(desk: Desk, name: AnswerName, id: number, refused: LlrpRefusal | undefined): void {
  if (refused === undefined) desk.configuration.noteChange();
  say(desk, name, id, refused);
}
