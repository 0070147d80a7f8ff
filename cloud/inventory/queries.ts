/** What can be asked of the inventory, in the shapes of api/contract.ts. */
export { listDeadLetters, listGateways } from './gateway-query.ts';
export { findObject, listObjects, movementsOf } from './object-query.ts';
export { listPasses } from './pass-query.ts';
export { findShipment, listShipments, MAX_LISTED_SHIPMENTS } from './shipment-query.ts';
export { listStock } from './stock-query.ts';
