-- An exclusion constraint on address ranges leaves the tenant out

CREATE ROLE c_oracle_exclusion_network LOGIN PASSWORD 'c_oracle_exclusion_network';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA net;
CREATE TABLE net.customers (
    customer_id integer PRIMARY KEY
);
CREATE TABLE net.subnets (
    customer_id integer NOT NULL REFERENCES net.customers (customer_id) ON DELETE CASCADE,
    name        text NOT NULL,
    block       inet NOT NULL,
    PRIMARY KEY (customer_id, name),
    CONSTRAINT subnets_no_overlap EXCLUDE USING gist (block inet_ops WITH &&)      -- the hole
);
ALTER TABLE net.subnets ENABLE ROW LEVEL SECURITY;
ALTER TABLE net.subnets FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON net.subnets
    USING (customer_id = nullif(current_setting('net.customer', true), '')::integer)
    WITH CHECK (customer_id = nullif(current_setting('net.customer', true), '')::integer);
GRANT USAGE ON SCHEMA net TO c_oracle_exclusion_network;
GRANT SELECT, INSERT, UPDATE, DELETE ON net.subnets TO c_oracle_exclusion_network;

INSERT INTO net.customers VALUES (5), (6);
INSERT INTO net.subnets VALUES (5, 'office', '10.5.0.0/16'), (6, 'lab', '10.6.0.0/16');
