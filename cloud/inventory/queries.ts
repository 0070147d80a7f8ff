/** What can be asked of the inventory, in the shapes of api/contract.ts. */
export { listDeadLetters, listGateways } from '../answers/gateways.ts';
export { findObject, listObjects, movementsOf } from '../answers/objects.ts';
export { listPasses } from '../answers/passes.ts';
export { findShipment, listShipments, MAX_LISTED_SHIPMENTS } from '../answers/shipments.ts';
export { listStock } from '../answers/stock.ts';
