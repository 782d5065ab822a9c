/**
 * Tells what passes from what lasts, in an error that a server sends.
 *
 * An error lasts when the same call would fail again until a person changes the call, the rights, the server or the data.
 * All others pass, also those of unknown codes: newer servers and services have codes of their own, and most of them are
 * about load, elections and maintenance. A wrong "it passes" costs another attempt. A wrong "it was refused" would tell a
 * caller that a write did not happen, though it may have.
 *
 * The server's labels count first, then the class of its code (`error_codes.yml` in MongoDB's source names them all).
 */

/** Each of these labels says that the same call may succeed later. */
const PASSING_LABELS: readonly string[] = [
  'RetryableError',
  'RetryableWriteError',
  'SystemOverloadedError',
  'TransientTransactionError',
];

/** Lists the codes that last, by what must change before the call can succeed. */
const lasting = new Set<unknown>([
  // The user: UserNotFound, Unauthorized, AuthenticationFailed, RoleNotFound, PrivilegeNotFound, AuthSchemaIncompatible,
  // AuthenticationRestrictionUnmet, MechanismUnavailable, and Atlas' own
  ...[11, 13, 18, 31, 33, 69, 214, 334, 8000],
  // The call: BadValue, NoSuchKey, FailedToParse, UnsupportedFormat, TypeMismatch, Overflow, InvalidLength, ProtocolError,
  // IllegalOperation, InvalidBSON, PathNotViable, InvalidPath, CannotBackfillArray, ConflictingUpdateOperators
  ...[2, 4, 9, 12, 14, 15, 16, 17, 20, 22, 28, 30, 34, 40],
  // DollarPrefixedFieldName to DottedFieldName, ShardKeyNotFound, ImmutableField, InvalidOptions, InvalidNamespace
  ...[52, 53, 54, 55, 56, 57, 61, 66, 72, 73],
  // IllegalOpMsgFlag, TooManyDocumentSequences, ConversionFailure, OperationNotSupportedInTransaction, InvalidBSONType
  ...[223, 233, 241, 263, 357],
  // The size of a document: DocTooLargeForCapped, TransactionTooLarge, CannotGrowDocumentInCappedNamespace,
  // BSONObjectTooLarge, KeyTooLong, and an update that makes a document too large
  ...[116, 257, 10003, 10334, 17280, 17419, 17420],
  // The server, which is of another kind or version: CommandNotFound, NoReplicationEnabled, OutdatedClient,
  // CommandNotSupported, NotAReplicaSet, ReadConcernMajorityNotEnabled, CommandNotSupportedOnView, OptionNotSupportedOnView,
  // InvalidPipelineOperator, IncompatibleServerVersion, NoShardingEnabled
  ...[59, 76, 101, 115, 123, 148, 166, 167, 168, 188, 193],
  // QueryFeatureNotAllowed, CannotImplicitlyCreateCollection, InternalErrorNotSupported, NotImplemented,
  // IncompatibleWithUpgradedServer, APIVersionError, APIStrictError, APIDeprecationError, APIMismatchError,
  // UnsupportedOpQueryCommand
  ...[224, 227, 235, 238, 243, 322, 323, 324, 347, 352],
  // Without a name: a stage of a pipeline that is unknown, and change streams of a server that is no replica set
  ...[40324, 40573],
  // The collections, their indexes and what they hold: NamespaceNotFound, IndexNotFound, NamespaceExists,
  // CannotCreateIndex, IndexAlreadyExists, IndexOptionsConflict, IndexKeySpecsConflict, DocumentValidationFailure
  ...[26, 27, 48, 67, 68, 85, 86, 121],
  // CannotIndexParallelArrays, InvalidIndexSpecificationOption, CannotBuildIndexKeys, CannotCreateCollection,
  // DataCorruptionDetected, CannotConvertIndexToUnique, DuplicateKey
  ...[171, 197, 201, 242, 301, 359, 11000],
]);

/** What other servers than MongoDB say of a feature that they lack, under numbers of their own or of errors that pass. */
const LACKING = /\b(?:not (?:yet )?(?:supported|implemented)|unsupported)\b/i;

/** Returns whether the same call can succeed later, without a change by a person. */
export function passes(code: unknown, message: string, labels: readonly string[]): boolean {
  if (labels.some((label) => PASSING_LABELS.includes(label))) return true;
  return !lasting.has(code) && !LACKING.test(message);
}
