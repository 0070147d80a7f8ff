/** The public face of exceptions and holds: raising by machines, deciding by people, lists for the API. */
export {
  acknowledgeException,
  type Decision,
  DecisionRefused,
  type Refusal,
  releaseHold,
  resolveException,
} from './decide.ts';
export { exceptionId } from './exception-id.ts';
export { EXCEPTION_KINDS, type ExceptionKind, type Severity } from './kinds.ts';
export {
  type ExceptionFilter,
  getException,
  type HoldFilter,
  listExceptions,
  listHolds,
} from './list-exceptions.ts';
export { listRooms } from './list-rooms.ts';
export { type SamplesQuery, samplesOf } from './list-samples.ts';
export { clearExceptions, type ExceptionRow, raiseExceptions, withdrawExceptions } from './raise.ts';
