/** What crosses between the main thread and the worker: requests, replies, and errors in a form that survives it. */
import { JournalError, type JournalErrorCode } from '../journal-error.ts';
import type { EngineReply, EngineRequest } from './engine.ts';

export interface WorkerRequest {
  readonly id: number;
  readonly request: EngineRequest;
}

interface WireError {
  readonly code: JournalErrorCode | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

export type WorkerReply = { readonly id: number } & (
  | { readonly ok: true; readonly reply: EngineReply }
  | { readonly ok: false; readonly error: WireError }
);

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { code: undefined, message: String(error), stack: undefined };
  return {
    code: error instanceof JournalError ? error.code : undefined,
    message: error.message,
    stack: error.stack,
  };
}

export function fromWire({ code, message, stack }: WireError): Error {
  if (code !== undefined) return new JournalError(code, message);
  return new Error(`the journal worker failed: ${message}`, { cause: stack });
}
