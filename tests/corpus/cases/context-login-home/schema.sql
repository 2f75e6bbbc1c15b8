-- A login's home tenant is a row the login may edit

CREATE ROLE c_context_login_home LOGIN PASSWORD 'c_context_login_home';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE TABLE public.hotels (
    hotel text PRIMARY KEY,
    stars integer NOT NULL
);
CREATE TABLE public.service_logins (
    login     name PRIMARY KEY,
    home      text REFERENCES public.hotels (hotel) ON DELETE CASCADE,
    last_seen timestamptz
);
CREATE INDEX ON public.service_logins (home);
CREATE TABLE public.bookings (
    hotel text NOT NULL REFERENCES public.hotels (hotel) ON DELETE CASCADE,
    ref   text NOT NULL,
    guest text NOT NULL,
    PRIMARY KEY (hotel, ref)
);
ALTER TABLE public.service_logins ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.service_logins FORCE ROW LEVEL SECURITY;
CREATE POLICY me ON public.service_logins FOR SELECT USING (login = session_user);
CREATE POLICY touch ON public.service_logins FOR UPDATE USING (login = session_user);
CREATE FUNCTION public.my_hotel() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog
    AS $$ SELECT coalesce(nullif(current_setting('pms.hotel', true), ''),
                          (SELECT l.home FROM public.service_logins l WHERE l.login = session_user)) $$;
ALTER TABLE public.bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bookings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON public.bookings
    USING (hotel = public.my_hotel())
    WITH CHECK (hotel = public.my_hotel());

GRANT SELECT, UPDATE ON public.service_logins TO c_context_login_home;      -- the hole: should be UPDATE (last_seen)
GRANT SELECT, INSERT, UPDATE, DELETE ON public.bookings TO c_context_login_home;

INSERT INTO public.hotels VALUES ('hotel-adria', 4), ('hotel-bora', 5);
INSERT INTO public.service_logins VALUES ('c_context_login_home', NULL, NULL), ('kiosk', 'hotel-bora', NULL);
INSERT INTO public.bookings VALUES ('hotel-adria', 'A1', 'Ms Gull'), ('hotel-bora', 'B1', 'Mr Tern'), ('hotel-bora', 'B2', 'Ms Auk');
