//! The smallest system with tenants: organizations, their orders, and the application's login.

use super::db::Db;

pub(crate) const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub(crate) const B: &str = "bbbbbbbb-0000-4000-8000-000000000002";

/// The application's password in every shop.
pub(crate) const PASSWORD: &str = "the password of the app";

impl Db {
    /// A shop without isolation, with rows of two organizations, and its configuration.
    pub(crate) fn shop(&self) {
        let app = self.role("app");
        self.sql(&format!(
            "create role {app} login password '{PASSWORD}';
             create table public.organizations (id uuid primary key, name text not null, slug text unique);
             create table public.orders (
                 id uuid primary key default gen_random_uuid(),
                 organization_id uuid not null references public.organizations (id) on delete cascade,
                 total numeric not null default 0);
             create index on public.orders (organization_id);
             insert into public.organizations values ('{A}', 'Alpha', 'alpha'), ('{B}', 'Beta', 'beta');
             insert into public.orders (organization_id, total) values ('{A}', 10), ('{B}', 20);
             grant select, insert, update, delete on public.orders to {app};
             grant select on public.organizations to {app};"
        ));
        self.config(&config(&app));
    }

    /// The shop with isolation as `apply` means it, written by hand.
    pub(crate) fn isolated_shop(&self) {
        self.shop();
        let app = self.role("app");
        for (table, column) in [("organizations", "id"), ("orders", "organization_id")] {
            let own = format!(
                "{column} = (select nullif(current_setting('app.current_organization_id', true), '')::uuid)"
            );
            self.sql(&format!(
                "alter table public.{table} enable row level security, force row level security;
                 create policy {table}_org_isolation on public.{table} to {app}
                     using ({own}) with check ({own});
                 create policy {table}_org_guard on public.{table} as restrictive
                     using ({own}) with check ({own});"
            ));
        }
    }
}

/// `tenantctl.toml` of a shop.
pub(crate) fn config(app: &str) -> String {
    format!(
        "[tenancy]\nkey = \"organization_id\"\nkey_type = \"uuid\"\n\
         context = \"app.current_organization_id\"\nregistry = \"public.organizations\"\n\
         registry_id = \"id\"\napp_role = \"{app}\"\nschemas = [\"public\"]\n\n\
         [registry]\nname = \"name\"\nslug = \"slug\"\n"
    )
}
