-- Exclusion, unique and identity that all leave other tenants out

CREATE ROLE c_clean_exclusion_with_key LOGIN PASSWORD 'c_clean_exclusion_with_key';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA ext;
GRANT USAGE ON SCHEMA ext TO c_clean_exclusion_with_key;
CREATE EXTENSION btree_gist SCHEMA ext;

CREATE TABLE public.hotels (
    id   uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE public.rooms (
    hotel_id uuid NOT NULL REFERENCES public.hotels (id),
    room     integer NOT NULL,
    door_tag text NOT NULL,
    PRIMARY KEY (hotel_id, room),
    CONSTRAINT rooms_tag UNIQUE (door_tag, hotel_id)
);
CREATE TABLE public.bookings (
    hotel_id uuid NOT NULL,
    room     integer NOT NULL,
    stay     daterange NOT NULL,
    guest    text NOT NULL,
    -- For replication only; the application neither reads nor writes it.
    row_no   bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (hotel_id, room, stay),
    FOREIGN KEY (hotel_id, room) REFERENCES public.rooms (hotel_id, room),
    CONSTRAINT no_overlap EXCLUDE USING gist (hotel_id ext.gist_uuid_ops WITH =, room ext.gist_int4_ops WITH =, stay WITH &&)
);
ALTER TABLE public.hotels ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.rooms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE public.bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY h ON public.hotels USING (id = NULLIF(current_setting('app.hotel_id', true), '')::uuid);
CREATE POLICY h ON public.rooms USING (hotel_id = NULLIF(current_setting('app.hotel_id', true), '')::uuid);
CREATE POLICY h ON public.bookings USING (hotel_id = NULLIF(current_setting('app.hotel_id', true), '')::uuid);

GRANT SELECT ON public.hotels TO c_clean_exclusion_with_key;
GRANT SELECT, INSERT, UPDATE ON public.rooms TO c_clean_exclusion_with_key;
GRANT SELECT (hotel_id, room, stay, guest), INSERT (hotel_id, room, stay, guest), UPDATE (stay, guest), DELETE ON public.bookings TO c_clean_exclusion_with_key;

INSERT INTO public.hotels VALUES ('dee00000-0000-4000-8000-000000000001', 'Kirin'), ('dee00000-0000-4000-8000-000000000002', 'Lotus');
INSERT INTO public.rooms VALUES ('dee00000-0000-4000-8000-000000000001', 1, 't-100'), ('dee00000-0000-4000-8000-000000000001', 2, 't-101'), ('dee00000-0000-4000-8000-000000000002', 1, 't-900');
INSERT INTO public.bookings VALUES
    ('dee00000-0000-4000-8000-000000000001', 1, '[2025-05-01,2025-05-03)', 'Mr Low'),
    ('dee00000-0000-4000-8000-000000000002', 1, '[2025-07-01,2025-07-09)', 'The minister');
