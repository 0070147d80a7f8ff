/**
 * The way from a fresh connection to a reading reader, as a list of steps (LLRP 1.1 §6, §7). Pure: which step
 * comes next, what it sends, and what its answer means.
 * Held reports are asked for before the old ROSpec is deleted, so that no reader throws them away with it, and
 * again at the end, because a reader that holds stays silent until asked.
 */
import type { LlrpMessage, MessageInputs, MessageName } from '../../../protocol/wire/llrp/codec.ts';
import { CONFIG_REQUEST } from '../../../protocol/wire/llrp/config.ts';
import { LLRP_1_0_1, LLRP_1_1, type LlrpVersion } from '../../../protocol/wire/llrp/framing.ts';
import type { LlrpOptions } from './options.ts';
import { type Capabilities, readerConfig, roSpec } from './requests.ts';

const STEPS = [
  'GET_SUPPORTED_VERSION',
  'SET_PROTOCOL_VERSION',
  'GET_READER_CAPABILITIES',
  'ENABLE_EVENTS_AND_REPORTS:held',
  'DELETE_ROSPEC',
  'SET_READER_CONFIG',
  'ADD_ROSPEC',
  'ENABLE_ROSPEC',
  'START_ROSPEC',
  'ENABLE_EVENTS_AND_REPORTS:live',
  'GET_READER_CONFIG',
] as const;
export type HandshakeStep = (typeof STEPS)[number];

/** What the session has learnt so far. */
export interface ReaderFacts {
  /** False after a reader hung up on the mere question. */
  readonly negotiate: boolean;
  readonly version: LlrpVersion;
  /** The answer to GET_SUPPORTED_VERSION. */
  readonly supportedVersion: number;
  readonly currentVersion: number;
  readonly capabilities: Capabilities | undefined;
}

export function freshFacts(negotiate: boolean): ReaderFacts {
  return {
    negotiate,
    version: LLRP_1_0_1,
    supportedVersion: LLRP_1_0_1,
    currentVersion: LLRP_1_0_1,
    capabilities: undefined,
  };
}

/** What an accepted answer adds; most say no more than that the request was accepted. */
export function learn(facts: ReaderFacts, answer: LlrpMessage): ReaderFacts {
  if (answer.name === 'GET_SUPPORTED_VERSION_RESPONSE') {
    const { CurrentVersion, SupportedVersion } = answer.body;
    const version = CurrentVersion === LLRP_1_1 ? LLRP_1_1 : facts.version;
    return { ...facts, version, currentVersion: CurrentVersion, supportedVersion: SupportedVersion };
  }
  if (answer.name === 'SET_PROTOCOL_VERSION_RESPONSE') {
    return { ...facts, version: LLRP_1_1, currentVersion: LLRP_1_1 };
  }
  if (answer.name === 'GET_READER_CAPABILITIES_RESPONSE') return { ...facts, capabilities: answer.body };
  return facts;
}

/** The state line of a reader at work. */
export function describeReading(facts: ReaderFacts, options: LlrpOptions): string {
  const { roSpecId, startTrigger } = options;
  const parts = [
    startTrigger.kind === 'gpi'
      ? `armed, ROSpec ${roSpecId} starts on GPI ${startTrigger.port}`
      : `reading, ROSpec ${roSpecId} started`,
    facts.version === LLRP_1_1 ? 'LLRP 1.1' : 'LLRP 1.0.1',
  ];
  const general = facts.capabilities?.GeneralDeviceCapabilities;
  if (general) {
    parts.push(
      `manufacturer ${general.DeviceManufacturerName} model ${general.ModelName}`,
      `firmware ${general.ReaderFirmwareVersion.slice(0, 64)}`,
      `${general.MaxNumberOfAntennaSupported} antennas`,
    );
  }
  return parts.join(', ');
}

/** The step behind `after` (from the start when undefined) that this session needs; undefined at the end. */
export function nextStep(
  after: HandshakeStep | undefined,
  facts: ReaderFacts,
  options: LlrpOptions,
): HandshakeStep | undefined {
  const from = after === undefined ? 0 : STEPS.indexOf(after) + 1;
  return STEPS.slice(from).find((step) => isNeeded(step, facts, options));
}

function isNeeded(step: HandshakeStep, facts: ReaderFacts, options: LlrpOptions): boolean {
  switch (step) {
    case 'GET_SUPPORTED_VERSION':
      return facts.negotiate;
    case 'SET_PROTOCOL_VERSION':
      return facts.supportedVersion >= LLRP_1_1 && facts.currentVersion !== LLRP_1_1;
    case 'START_ROSPEC':
      return options.startTrigger.kind === 'null';
    case 'GET_READER_CAPABILITIES':
    case 'ENABLE_EVENTS_AND_REPORTS:held':
    case 'DELETE_ROSPEC':
    case 'SET_READER_CONFIG':
    case 'ADD_ROSPEC':
    case 'ENABLE_ROSPEC':
    case 'ENABLE_EVENTS_AND_REPORTS:live':
    case 'GET_READER_CONFIG':
      return true;
  }
}

/** What a refusal or silence at a step leads to: on without it, or a new connection. */
export function isEssential(step: HandshakeStep, failure: 'refused' | 'silent'): boolean {
  switch (step) {
    case 'GET_SUPPORTED_VERSION':
    case 'GET_READER_CONFIG':
      return false;
    case 'SET_PROTOCOL_VERSION':
    case 'GET_READER_CAPABILITIES':
    case 'DELETE_ROSPEC':
      return failure === 'silent';
    case 'ENABLE_EVENTS_AND_REPORTS:held':
    case 'SET_READER_CONFIG':
    case 'ADD_ROSPEC':
    case 'ENABLE_ROSPEC':
    case 'START_ROSPEC':
    case 'ENABLE_EVENTS_AND_REPORTS:live':
      return true;
  }
}

interface ReaderRequest {
  readonly name: MessageName;
  /** Encodes the body; apart from the name so that each pair is checked. */
  readonly encode: (send: SendMessage) => Uint8Array;
  readonly version: LlrpVersion;
  /** The message that answers it; undefined when none does. */
  readonly answer: MessageName | undefined;
}

type SendMessage = <N extends MessageName>(name: N, body: MessageInputs[N]) => Uint8Array;

function request<N extends MessageName>(
  name: N,
  body: MessageInputs[N],
  version: LlrpVersion,
  answer: MessageName | undefined,
): ReaderRequest {
  return { name, version, answer, encode: (send) => send(name, body) };
}

export function requestOf(step: HandshakeStep, facts: ReaderFacts, options: LlrpOptions): ReaderRequest {
  const { version, capabilities } = facts;
  const ROSpecID = options.roSpecId;
  switch (step) {
    // The question itself is a message of 1.1; a 1.0.1 reader answers it with ERROR_MESSAGE.
    case 'GET_SUPPORTED_VERSION':
      return request(step, {}, LLRP_1_1, 'GET_SUPPORTED_VERSION_RESPONSE');
    case 'SET_PROTOCOL_VERSION':
      return request(step, { ProtocolVersion: LLRP_1_1 }, LLRP_1_1, 'SET_PROTOCOL_VERSION_RESPONSE');
    case 'GET_READER_CAPABILITIES':
      return request(step, { RequestedData: 0 }, version, 'GET_READER_CAPABILITIES_RESPONSE');
    case 'ENABLE_EVENTS_AND_REPORTS:held':
    case 'ENABLE_EVENTS_AND_REPORTS:live':
      return request('ENABLE_EVENTS_AND_REPORTS', {}, version, undefined);
    case 'DELETE_ROSPEC':
      return request(step, { ROSpecID: 0 }, version, 'DELETE_ROSPEC_RESPONSE');
    case 'SET_READER_CONFIG':
      return request(step, readerConfig(options, capabilities), version, 'SET_READER_CONFIG_RESPONSE');
    case 'ADD_ROSPEC':
      return request(step, { ROSpec: roSpec(options, capabilities) }, version, 'ADD_ROSPEC_RESPONSE');
    case 'ENABLE_ROSPEC':
      return request(step, { ROSpecID }, version, 'ENABLE_ROSPEC_RESPONSE');
    case 'START_ROSPEC':
      return request(step, { ROSpecID }, version, 'START_ROSPEC_RESPONSE');
    case 'GET_READER_CONFIG': {
      const body = { AntennaID: 0, RequestedData: CONFIG_REQUEST.All, GPIPortNum: 0, GPOPortNum: 0 };
      return request(step, body, version, 'GET_READER_CONFIG_RESPONSE');
    }
  }
}
