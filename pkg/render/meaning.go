package render

// meaning says in words what a code of a reason or an exception stands for;
// empty for a code that this version doesn't know.
func meaning(code string) string {
	switch code {
	case "ACCESS_DENIED":
		return "the server refused the delete"
	case "AGE_SOURCE_CHANGED":
		return "guard: ages are taken from another date than before"
	case "CHANGED_SINCE_LISTED":
		return "rewritten since it was listed, so left alone"
	case "CHANGED_SINCE_PLANNED":
		return "of the plan: younger, held or kept by now, so left alone"
	case "CONFIRM_INCOMPLETE":
		return "the second listing did not get to the end"
	case "CONFIRM_NONE":
		return "the config asks for no second listing"
	case "DATES_DISAGREE":
		return "key date and LastModified lie on both sides of zdr_since"
	case "DRY_RUN":
		return "a dry run deletes nothing"
	case "DELETE_DENIED":
		return "no right to delete: the store was left alone"
	case "EXPIRED_REMAIN":
		return "past their time and still there, without excuse"
	case "FAILED":
		return "could not be deleted"
	case "GONE_SINCE_PLANNED":
		return "of the plan: gone already when it was carried out"
	case "GUARD":
		return "a guard stopped the run"
	case "GUARD_OVERRIDDEN":
		return "a guard would have stopped this, but for apply"
	case "HELD":
		return "kept by a hold"
	case "HELD_IN_PLAN":
		return "held when the plan was made: left alone"
	case "HOLD_KEEPS_NOTHING":
		return "holds that match no entry: is their match right?"
	case "HOLD_REMOVED":
		return "guard: a hold that has not ended is gone"
	case "HOLD_SHORTENED":
		return "guard: a hold ends earlier than it did"
	case "INTERRUPTED":
		return "the run ended before its time"
	case "KEY_DATE_ANOMALY":
		return "the key's date can't be right: LastModified counted alone"
	case "KEY_DATE_ZONE_CHANGED":
		return "guard: dates in keys are read in another zone"
	case "KEY_UNREPRESENTABLE":
		return "a key that XML can't carry"
	case "LATE":
		return "stayed longer than promised"
	case "LAYOUT_CHANGED":
		return "guard: keys are read by another layout"
	case "LEASE_TAKEN_OVER":
		return "an earlier run died and held the lease"
	case "LEFT":
		return "planned, and not attempted"
	case "LEGAL_HOLD":
		return "kept by the store's legal hold"
	case "LISTING_INCOMPLETE":
		return "a store could not be listed to the end"
	case "LISTING_REPEATED":
		return "the server lists rows twice: counted once"
	case "LISTING_UNORDERED":
		return "the server lists in no order: a row may come twice unseen"
	case "LOCKED", "OBJECT_LOCK":
		return "kept by the store's Object Lock"
	case "MARKER_HIDES":
		return "a delete marker over a version that must stay"
	case "MAX_AGE_LOWERED":
		return "guard: the retention is shorter than in the last report"
	case "MAX_CLOCK_SKEW":
		return "guard: local clock and server's are too far apart"
	case "MAX_DELETIONS":
		return "guard: more would go than the config allows"
	case "MAX_KEY_DATE_ONLY":
		return "guard: too many would go by the date in the key alone"
	case "MAX_PURGE":
		return "guard: more of ZDR teams would go than is allowed"
	case "MAX_SHARE":
		return "guard: too large a share of a store would go"
	case "MISSED_SLOT":
		return "slots of the schedule that no run served"
	case "NOT_PLANNED":
		return "expired, and not named by the plan: left alone"
	case "NO_ANSWER":
		return "no answer came to the delete"
	case "OLD_KEY_UNAVAILABLE":
		return "the key changed without the old key's word"
	case "OVERWRITE_GUARD_IGNORED":
		return "the server ignores overwrite_guard etag: use relist"
	case "PARTS_NOT_LISTED":
		return "uploads whose parts can't be listed: maybe still active"
	case "PENDING":
		return "a delete marker over a version that must stay"
	case "PREFIX_ONLY":
		return "only the ZDR teams' prefixes and all uploads were listed"
	case "PROMOTED":
		return "an older version, held or locked, became current"
	case "RETENTION_CHANGED":
		return "the retention is not that of the last report"
	case "ROSTER_EMPTY":
		return "the roster names no team"
	case "ROSTER_NEAR_MATCH":
		return "a stored team's name is almost one of the roster"
	case "ROSTER_REMOVED":
		return "teams are gone from the roster"
	case "ROSTER_SHRUNK":
		return "guard: too many teams are gone from the roster"
	case "ROSTER_STALE":
		return "the roster is too old to rely on"
	case "SCHEDULE_CHANGED":
		return "the schedule is not that of the last report"
	case "SCOPE_CHANGED":
		return "the stores are not those of the last report"
	case "SERVER_ERROR":
		return "the server failed in words of its own"
	case "STILL_THERE":
		return "acknowledged by the server, and still listed"
	case "STORE_EMPTY":
		return "guard: a store lists nothing, where it did before"
	case "STORE_GROWN":
		return "guard: a store lists far more than it did before"
	case "STORE_UNREACHABLE":
		return "a store could not be reached"
	case "TEAMS_NOT_COUNTED":
		return "more teams than are counted: is the layout right?"
	case "THROTTLED":
		return "the server kept asking to slow down"
	case "TIMESTAMP_MISSING":
		return "the time stamp authority gave no time stamp"
	case "UNASKED_ANSWERS":
		return "answers to deletes that nobody sent: ignored"
	case "UNATTRIBUTED_KEYS":
		return "keys that match no layout: they may be a ZDR team's"
	case "UNCONFIRMED":
		return "the answer was lost, and a look-up did not help"
	case "UPLOAD_ACTIVE":
		return "uploads that got a part within a day, and were aborted"
	case "UPLOADS_NOT_LISTED":
		return "incomplete uploads could not be listed"
	case "VERSIONING_CHANGED":
		return "versioning was switched while the run went"
	case "VERSIONING_UNKNOWN":
		return "whether there are versions could not be found out"
	case "WITNESS_INCOMPLETE":
		return "stored metadata could not be looked at"
	case "WORK_NOT_REMOVED":
		return "working files of an earlier run could not be removed"
	case "ZDR_METADATA":
		return "stored metadata says that nothing may be stored"
	case "ZDR_RESIDUAL":
		return "ZDR teams with data from before zero retention began"
	case "ZDR_SINCE_MOVED":
		return "a team's zdr_since was moved"
	case "ZDR_VIOLATION":
		return "ZDR teams with data that should never have been stored"
	default:
		return ""
	}
}
