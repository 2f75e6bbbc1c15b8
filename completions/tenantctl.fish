# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_tenantctl_global_optspecs
    string join \n database-url= config= app-role= schema= key= key-type= context= registry= o/output= color= q/quiet v/verbose h/help V/version
end

function __fish_tenantctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_tenantctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_tenantctl_using_subcommand
    set -l cmd (__fish_tenantctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c tenantctl -n "__fish_tenantctl_needs_command" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_needs_command" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_needs_command" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "init" -d 'Look at a database and write tenantctl.toml'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "role" -d 'The application\'s login role'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "plan" -d 'The changes that would bring isolation about, as SQL with its locks'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "apply" -d 'Make the changes that `plan` shows: short locks, retries, nothing half done'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "revert" -d 'Undo what apply made, known by the marks that it left in comments'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "org" -d 'Create, list and show organizations: the rows of the registry'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "audit" -d 'Read the catalogs: what is proved, what is open'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "probe" -d 'Attack as the application role, as two organizations; everything is rolled back'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "verify" -d 'Audit and probe, one verdict: the gate for CI'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "checks" -d 'Every check: why, how to see it in psql, how to mend it'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "demo" -d 'The whole story on a throwaway server: from no isolation to a verdict, a leak, and its end'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c tenantctl -n "__fish_tenantctl_needs_command" -f -a "man" -d 'Print the manual page, or write the pages of all commands into a folder'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l force -d 'Overwrite a configuration that is there'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -l stdout -d 'Print the configuration instead of writing a file'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand init" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -f -a "create" -d 'Create the role, or make an existing one what it must be; twice changes nothing'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -f -a "show" -d 'Say what the role is, and whether it is fit to be the application\'s'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -f -a "rotate" -d 'Give the role a new password'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and not __fish_seen_subcommand_from create show rotate drop" -f -a "drop" -d 'Take its privileges back and drop the role'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l password-file -d 'Read the new password from FILE' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l write-password -d 'Write the new password to FILE, readable by you alone, instead of printing it' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l password-stdin -d 'Read the new password from stdin'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l force -d 'Replace the file of --write-password'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l no-default-privileges -d 'Give no privileges on tables that are added later'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l revoke-public -d 'Also revoke from PUBLIC what no policy covers (CREATE on schemas, TRUNCATE, …): this concerns every role'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -l dry-run -d 'Print the statements and change nothing'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l format -d 'How to print it' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l password-file -d 'Read the new password from FILE' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l write-password -d 'Write the new password to FILE, readable by you alone, instead of printing it' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l password-stdin -d 'Read the new password from stdin'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -l force -d 'Replace the file of --write-password'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s y -l yes -d 'Do not ask; needed where stdin is no terminal'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -l dry-run -d 'Print the statements and change nothing'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand role; and __fish_seen_subcommand_from drop" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l format -d 'How to print the changes' -r -f -a "table\t'For people'
sql\t'A script for psql that does the same as `apply`'
json\t'For programs'
markdown\t'For a pull request'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l constraint -d 'Make what `plan --constraints` proposes under this name; say it once for each' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l add-key -d 'Give this table a tenant key of its own, filled from its parent, and isolate it; nothing else is planned' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l from -d 'How a row of that table leads to its parent: "column -> schema.table.column"' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l batch-size -d 'How many rows get their key in one transaction' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l throttle -d 'The pause after each of those, as a share of the time that it took; 0 is none' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l lock-timeout -d 'How long one attempt waits for a lock, keeping others waiting behind it' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l check -d 'Exit 1 when there are changes: for CI, to notice drift'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l no-indexes -d 'Leave indexes out'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l replace -d 'Drop the team\'s own policies on tenant tables where ours come; `revert` puts them back'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l privileges -d 'Revoke what opens a way past the policies: TRUNCATE, TRIGGER and the like on tenant tables, CREATE on schemas, PUBLIC\'s EXECUTE on functions, default privileges on new tables'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l views -d 'Set options on views that read or write past the policies: security_invoker, security_barrier, check_option'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l watchdog -d 'Install an event trigger that isolates a tenant table in the command that makes it (needs a superuser)'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -l constraints -d 'Make the tenant key NOT NULL, and refer to the registry; propose further constraints'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand plan" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l format -d 'How to report what was done' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l accept-lockout -d 'A role that may lose sight of rows, as `plan` shows it; say it once for each' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l constraint -d 'Make what `plan --constraints` proposes under this name; say it once for each' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l add-key -d 'Give this table a tenant key of its own, filled from its parent, and isolate it; nothing else is planned' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l from -d 'How a row of that table leads to its parent: "column -> schema.table.column"' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l batch-size -d 'How many rows get their key in one transaction' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l throttle -d 'The pause after each of those, as a share of the time that it took; 0 is none' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l lock-timeout -d 'How long one attempt waits for a lock, keeping others waiting behind it' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l max-wait -d 'How long to try one change before it is skipped' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l journal -d 'Append who changed what, when and with what outcome to this file [default: $XDG_STATE_HOME/tenantctl/journal.jsonl]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l journal-table -d 'Keep the same in this table of the database as well; made where it is missing' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s y -l yes -d 'Do not ask; needed where stdin is no terminal'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l no-indexes -d 'Leave indexes out'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l replace -d 'Drop the team\'s own policies on tenant tables where ours come; `revert` puts them back'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l privileges -d 'Revoke what opens a way past the policies: TRUNCATE, TRIGGER and the like on tenant tables, CREATE on schemas, PUBLIC\'s EXECUTE on functions, default privileges on new tables'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l views -d 'Set options on views that read or write past the policies: security_invoker, security_barrier, check_option'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l watchdog -d 'Install an event trigger that isolates a tenant table in the command that makes it (needs a superuser)'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -l constraints -d 'Make the tenant key NOT NULL, and refer to the registry; propose further constraints'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand apply" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l format -d 'How to report' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l lock-timeout -d 'How long one attempt waits for a lock, keeping others waiting behind it' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l max-wait -d 'How long to try one change before it is skipped' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l journal -d 'Append who changed what, when and with what outcome to this file [default: $XDG_STATE_HOME/tenantctl/journal.jsonl]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l journal-table -d 'Keep the same in this table of the database as well; made where it is missing' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l emergency -d 'Turn isolation off for this one table, at once, until `apply` runs again' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l confirm -d 'The table\'s name once more, instead of typing it: for scripts' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s y -l yes -d 'Do not ask; needed where stdin is no terminal'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l dry-run -d 'Show what would be undone, and change nothing'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -l watchdog -d 'Take away the watchdog over new tables, and nothing else'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand revert" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -f -a "create" -d 'Create an organization'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -f -a "list" -d 'List organizations, a page at a time'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and not __fish_seen_subcommand_from create list show" -f -a "show" -d 'Show one organization'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l slug -d 'Its slug [default: made of the name]' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l set -d 'A value for another column of the registry; may be repeated; an empty value is an empty text' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l id -d 'Its id [default: the database\'s, or a random uuid]' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l format -d 'How to print what was created' -r -f -a "table\t'One line for people'
json\t'An object with id, name, slug and created'
id\t'The id and nothing else'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -l if-not-exists -d 'Succeed, and print the id, where an organization of the same slug or name exists'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from create" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l limit -d 'At most this many' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l after -d 'The next page: those after the organization with this ID' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l filter -d 'Only those whose name or slug contains TEXT, in any case, or whose id it is' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l sort -d 'Order; `id` is the fast one where there are very many' -r -f -a "name\t'By name'
id\t'By id: served by the primary key, however many organizations there are'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l format -d 'How to print them' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l counts -d 'Count each organization\'s rows in every tenant table'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l active -d 'Only active ones'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -l inactive -d 'Only inactive ones'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l format -d 'How to print it' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -l counts -d 'Count its rows in every tenant table'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand org; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l fail-on -d 'Exit 1 for findings of this severity or worse' -r -f -a "info\t'Worth knowing: speed, hygiene'
low\t'Hardening: needs another mistake first'
medium\t'Existence or metadata leaks, or a tenant table that nobody classified'
high\t'Some rows of another tenant can be read or written, or one more ordinary step opens them'
critical\t'Any row of another tenant can be read or written'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l format -d 'How to write the report' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l check -d 'Run only this check; may be repeated' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l skip -d 'Leave this check out; may be repeated' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l checks-dir -d 'Folder of further checks: DIR/<id>/check.sql' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l explain -d 'Explain one object: who reaches it, as whom, which policies apply, what the proof says' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l allow-unproven -d 'Exit 0 where nothing leaked but something stays unproven'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -l details -d 'List every object and every finding'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand audit" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l fail-on -d 'Exit 1 for findings of this severity or worse' -r -f -a "info\t'Worth knowing: speed, hygiene'
low\t'Hardening: needs another mistake first'
medium\t'Existence or metadata leaks, or a tenant table that nobody classified'
high\t'Some rows of another tenant can be read or written, or one more ordinary step opens them'
critical\t'Any row of another tenant can be read or written'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l format -d 'How to write the report' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l app-url -d 'The application role\'s own login; by default that role at the administrator\'s server, with a password from ~/.pgpass, or else SET ROLE' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l org -d 'An organization by its registry id; given twice: the attacker, then the victim' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l pooler-url -d 'The application role\'s login through a connection pooler: finds out how the pooler shares connections, and which ways of setting the context stay with one client' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l switches -d 'How often two organizations take turns on shared connections, for at most 5 seconds; 0 is never' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l mutant -d 'Only this way, by the name that the JSON has for it; may be repeated' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l mutant-tables -d 'How many tables each way is tried on, as different as can be; 0 is all' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l mutant-time -d 'After this long no further way is tried; what is left makes the exit code 4' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l pg-bin -d 'Folder of PostgreSQL\'s programs [default: found, or else fetched]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l allow-unproven -d 'Exit 0 where nothing leaked but something stays unproven'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l details -d 'List every object and every finding'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l read-only -d 'Leave out every attack that writes'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l login -d 'Attack from two logins, with rows that are committed under two made-up organizations and removed at the end; recorded in ~/.local/state/tenantctl, so that a killed run is cleaned up'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l yes-fire-triggers -d 'Write to tables although their triggers could reach outside of the database; without it such writes stay unproven'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l call-volatile -d 'Call VOLATILE functions as well, in transactions that are rolled back'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l self-test -d 'Copy the schema (pg_dump -s) to a throwaway server on this machine, break isolation there in every way that applies, one at a time, and report what audit and probe notice; exits 1 where neither does. The schema\'s own code runs on this machine: for schemas that you trust'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l offline -d 'Do not fetch server programs where none are installed'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -l cleanup -d 'Only remove what a probe with --login that was killed has left; every probe that may write does that first'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand probe" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l fail-on -d 'Exit 1 for findings of this severity or worse' -r -f -a "info\t'Worth knowing: speed, hygiene'
low\t'Hardening: needs another mistake first'
medium\t'Existence or metadata leaks, or a tenant table that nobody classified'
high\t'Some rows of another tenant can be read or written, or one more ordinary step opens them'
critical\t'Any row of another tenant can be read or written'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l format -d 'How to write the report' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l check -d 'Run only this check; may be repeated' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l skip -d 'Leave this check out; may be repeated' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l checks-dir -d 'Folder of further checks: DIR/<id>/check.sql' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l app-url -d 'The application role\'s own login; by default that role at the administrator\'s server, with a password from ~/.pgpass, or else SET ROLE' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l org -d 'An organization by its registry id; given twice: the attacker, then the victim' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l pooler-url -d 'The application role\'s login through a connection pooler: finds out how the pooler shares connections, and which ways of setting the context stay with one client' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l switches -d 'How often two organizations take turns on shared connections, for at most 5 seconds; 0 is never' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l allow-unproven -d 'Exit 0 where nothing leaked but something stays unproven'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l details -d 'List every object and every finding'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l read-only -d 'Leave out every attack that writes'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l login -d 'Attack from two logins, with rows that are committed under two made-up organizations and removed at the end; recorded in ~/.local/state/tenantctl, so that a killed run is cleaned up'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l yes-fire-triggers -d 'Write to tables although their triggers could reach outside of the database; without it such writes stay unproven'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -l call-volatile -d 'Call VOLATILE functions as well, in transactions that are rolled back'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand verify" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -f -a "list" -d 'List the checks'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and not __fish_seen_subcommand_from list show" -f -a "show" -d 'Explain a check and print its query'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l format -d 'How to write the list' -r -f -a "table\t'For people'
json\t'For programs: schema version 1'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -l set -d 'Connect, and print the SET lines for this database before the query'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand checks; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l scenario -d 'Which system to tell it about' -r -f -a "education\t'Schools that rent AI tutors, and their file store; uuid keys'
strategy\t'Companies that talk to a strategy assistant; a missing context is an error'
cms\t'A content management system for many sites; numbers as keys'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l pg-bin -d 'Folder of PostgreSQL\'s server programs [default: found, or else fetched]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l pg-version -d 'Major version of the server [default: the highest that is installed]' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l keep -d 'Leave the server running at the end, and say how to connect and how to stop it'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -l offline -d 'Do not fetch server programs where none are installed'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand demo" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand completions" -s V -l version -d 'Print version'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l dir -d 'Write one page a command into this folder, made where it is missing' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l database-url -d 'Connection string of an administrator: a URL or libpq\'s key=value form' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l config -d 'Configuration file [default: ./tenantctl.toml]' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l app-role -d 'Login role of the application; overrides [tenancy] app_role' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l schema -d 'Schema with tenant tables; may be repeated; overrides [tenancy] schemas' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l key -d 'Column that names a row\'s tenant; overrides [tenancy] key' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l key-type -d 'Type of that column; overrides [tenancy] key_type' -r -f -a "uuid\t'`uuid`'
bigint\t'`bigint`'
integer\t'`integer`'
text\t'`text`; `varchar` counts as it'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l context -d 'Setting that carries the current tenant; overrides [tenancy] context' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l registry -d 'Table of tenants, as schema.table; overrides [tenancy] registry' -r
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -s o -l output -d 'Write the report to FILE instead of stdout; an old FILE stays until the new one is whole' -r -F
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'Where stdout is a terminal, NO_COLOR is not set and TERM is not dumb'
always\t'Always'
never\t'Never'"
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -s q -l quiet -d 'Say nothing but the report and errors'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -s v -l verbose -d 'Say more on stderr: what is connected to, what is read'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c tenantctl -n "__fish_tenantctl_using_subcommand man" -s V -l version -d 'Print version'
