-- A Django application with row tenancy: content types, permissions, bookings, history

CREATE ROLE c_clean_app_django_rows LOGIN PASSWORD 'c_clean_app_django_rows';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE TABLE public.tenants_tenant (
    slug   varchar(63) PRIMARY KEY,
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE public.django_content_type (
    id        integer PRIMARY KEY,
    app_label varchar(100) NOT NULL,
    model     varchar(100) NOT NULL,
    UNIQUE (app_label, model)
);
CREATE TABLE public.auth_permission (
    id              integer PRIMARY KEY,
    content_type_id integer NOT NULL REFERENCES public.django_content_type (id),
    codename        varchar(100) NOT NULL
);
CREATE TABLE public.bookings_room (
    tenant_id varchar(63) NOT NULL REFERENCES public.tenants_tenant (slug),
    code      varchar(10) NOT NULL,
    beds      smallint NOT NULL CHECK (beds >= 0),
    PRIMARY KEY (tenant_id, code)
);
CREATE TABLE public.bookings_booking (
    tenant_id  varchar(63) NOT NULL,
    ref        varchar(20) NOT NULL,
    room_code  varchar(10) NOT NULL,
    guest      varchar(200) NOT NULL,
    day        date NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, ref),
    UNIQUE (tenant_id, room_code, day),
    FOREIGN KEY (tenant_id, room_code) REFERENCES public.bookings_room (tenant_id, code)
);
CREATE TABLE public.bookings_historicalbooking (
    tenant_id    varchar(63) NOT NULL,
    history_id   uuid NOT NULL DEFAULT gen_random_uuid(),
    ref          varchar(20) NOT NULL,
    guest        varchar(200) NOT NULL,
    history_type char(1) NOT NULL CHECK (history_type IN ('+', '~', '-')),
    PRIMARY KEY (tenant_id, history_id)
);
CREATE TABLE public.django_admin_log (
    tenant_id       varchar(63) NOT NULL REFERENCES public.tenants_tenant (slug),
    id              uuid NOT NULL DEFAULT gen_random_uuid(),
    content_type_id integer REFERENCES public.django_content_type (id),
    change_message  text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE public.tenants_tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.tenants_tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON public.tenants_tenant
    USING (slug = current_setting('tenancy.slug', true))
    WITH CHECK (slug = current_setting('tenancy.slug', true));
ALTER TABLE public.bookings_room ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bookings_room FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON public.bookings_room
    USING (tenant_id = current_setting('tenancy.slug', true))
    WITH CHECK (tenant_id = current_setting('tenancy.slug', true));
ALTER TABLE public.bookings_historicalbooking ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bookings_historicalbooking FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON public.bookings_historicalbooking
    USING (tenant_id = current_setting('tenancy.slug', true))
    WITH CHECK (tenant_id = current_setting('tenancy.slug', true));
ALTER TABLE public.django_admin_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.django_admin_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON public.django_admin_log
    USING (tenant_id = current_setting('tenancy.slug', true))
    WITH CHECK (tenant_id = current_setting('tenancy.slug', true));
ALTER TABLE public.bookings_booking ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.bookings_booking FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON public.bookings_booking
    USING (tenant_id = current_setting('tenancy.slug', true))
    WITH CHECK (tenant_id = current_setting('tenancy.slug', true));
-- Soft deletion narrows what is read, on top of the tenant.
CREATE POLICY alive ON public.bookings_booking AS RESTRICTIVE FOR SELECT USING (NOT is_deleted);

CREATE FUNCTION public.bookings_track() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.bookings_historicalbooking (tenant_id, ref, guest, history_type) VALUES (NEW.tenant_id, NEW.ref, NEW.guest, '+');
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO public.bookings_historicalbooking (tenant_id, ref, guest, history_type) VALUES (OLD.tenant_id, OLD.ref, OLD.guest, '~');
    ELSE
        INSERT INTO public.bookings_historicalbooking (tenant_id, ref, guest, history_type) VALUES (OLD.tenant_id, OLD.ref, OLD.guest, '-');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER bookings_track AFTER INSERT OR UPDATE OR DELETE ON public.bookings_booking FOR EACH ROW EXECUTE FUNCTION public.bookings_track();
CREATE PROCEDURE public.bookings_close_day(p_day date, INOUT p_closed integer DEFAULT 0)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_tenant varchar := current_setting('tenancy.slug', true);
    r        record;
BEGIN
    IF coalesce(v_tenant, '') = '' THEN
        RAISE EXCEPTION 'tenancy.slug is not set';
    END IF;
    p_closed := 0;
    FOR r IN SELECT b.ref FROM public.bookings_booking b WHERE b.tenant_id = v_tenant AND b.day = p_day AND NOT b.is_deleted LOOP
        UPDATE public.bookings_booking b SET is_deleted = true WHERE b.tenant_id = v_tenant AND b.ref = r.ref;
        INSERT INTO public.django_admin_log (tenant_id, change_message) VALUES (v_tenant, format('closed %s', r.ref));
        p_closed := p_closed + 1;
    END LOOP;
END $$;
CREATE FUNCTION public.bookings_count(p_model text) RETURNS bigint
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_table text;
    v_count bigint;
BEGIN
    IF p_model = 'room' THEN
        v_table := 'bookings_room';
    ELSIF p_model = 'booking' THEN
        v_table := 'bookings_booking';
    ELSE
        RAISE EXCEPTION 'unknown model %', p_model;
    END IF;
    EXECUTE format('SELECT count(*) FROM public.%I WHERE tenant_id = $1', v_table)
        INTO v_count USING current_setting('tenancy.slug', true);
    RETURN v_count;
END $$;
CREATE VIEW public.bookings_calendar WITH (security_barrier) AS
    SELECT r.code, d.day, (SELECT b.guest FROM public.bookings_booking b
                           WHERE b.tenant_id = r.tenant_id AND b.room_code = r.code AND b.day = d.day AND NOT b.is_deleted) AS guest
    FROM public.bookings_room r CROSS JOIN (VALUES (date '2024-05-01'), (date '2024-05-02')) AS d (day)
    WHERE r.tenant_id = current_setting('tenancy.slug', true);
REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE public.bookings_close_day(date, integer) TO c_clean_app_django_rows;
GRANT EXECUTE ON FUNCTION public.bookings_count(text) TO c_clean_app_django_rows;
GRANT SELECT ON public.tenants_tenant, public.django_content_type, public.auth_permission, public.bookings_historicalbooking, public.bookings_calendar TO c_clean_app_django_rows;
GRANT SELECT, INSERT ON public.django_admin_log TO c_clean_app_django_rows;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.bookings_room, public.bookings_booking TO c_clean_app_django_rows;
INSERT INTO public.tenants_tenant VALUES ('hotel-rosa'), ('hotel-verde');
INSERT INTO public.django_content_type VALUES (1, 'bookings', 'room'), (2, 'bookings', 'booking');
INSERT INTO public.auth_permission VALUES (1, 2, 'add_booking');
INSERT INTO public.bookings_room VALUES ('hotel-rosa', '1', 2), ('hotel-verde', '1', 2), ('hotel-verde', '2', 4);
INSERT INTO public.bookings_booking VALUES ('hotel-rosa', 'R1', '1', 'Mia', '2024-05-01'), ('hotel-verde', 'V1', '1', 'The Minister', '2024-05-01'), ('hotel-verde', 'V2', '2', 'Ghost', '2024-05-02');
