select e.oid, e.evtname::text as name, e.evtevent::text as event, e.evtfoid as function,
       e.evtenabled::text as enabled, e.evttags as tags
from pg_catalog.pg_event_trigger e
order by 2
