/** The public face of exceptions and holds: raising by machines, deciding by people, lists for the API. */

export {
  type ExceptionFilter,
  getException,
  type HoldFilter,
  listExceptions,
  listHolds,
} from '../answers/exceptions.ts';
export { listRooms } from '../answers/rooms.ts';
export { type SamplesQuery, samplesOf } from '../answers/samples.ts';
export {
  acknowledgeException,
  type Decision,
  DecisionRefused,
  type Refusal,
  releaseHold,
  resolveException,
} from '../exceptions/decide.ts';
export { exceptionId } from '../exceptions/exception-id.ts';
export { EXCEPTION_KINDS, type ExceptionKind, type Severity } from '../exceptions/kinds.ts';
export {
  clearExceptions,
  type ExceptionRow,
  raiseExceptions,
  withdrawExceptions,
} from '../exceptions/raise.ts';
