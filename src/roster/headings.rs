//! How columns are headed: in a list of our own, and by other programs.

use crate::password_names::folded;

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    /// What the account is called: a user name.
    Login,
    /// What its owner is called.
    Called,
    /// What they are called where nothing stands there.
    Label,
    /// Their first name.
    First,
    /// Their family's name.
    Last,
    /// Their class.
    Group,
    /// The account's password.
    Password,
    /// How that was hashed: then it is none.
    Hashed,
    /// What the account may do.
    Role,
    /// What the list's own program calls them.
    Id,
    /// Where they get mail. It is used for nothing; but where it stands, the line is a header.
    Mail,
}

/// How the first line of a list of our own calls them, as [`folded`] has it.
const WORDS: [(Column, &str); 5] = [
    (
        Column::Login,
        "name user username userid login loginname account accountname nick nickname benutzer benutzername nutzername \
         anmeldename kennung konto utilisateur nomdutilisateur identifiant usuario nombredeusuario utente nomeutente \
         nomedeusuario gebruiker gebruikersnaam",
    ),
    (
        Column::Password,
        "password passwd passphrase pass pwd pw passwort kennwort motdepasse contrasena senha wachtwoord",
    ),
    (Column::Role, "role rolle rol ruolo"),
    (Column::Called, "fullname displayname realname vollername anzeigename nomcomplet nombrecompleto nomecompleto"),
    (Column::Group, "group gruppe groupe grupo gruppo groep"),
];

/// How other programs head the columns of people; of two of a kind the one that stands here first is taken. These are Apple School
/// Manager (`students.csv`), Microsoft School Data Sync (`users.csv` of 2.1, `student.csv` before), Moodle (upload of users),
/// Google Admin (bulk upload), WebUntis (the report of students, and the fields of its import), and what others have in common
/// with them.
pub(super) const PEOPLE: [(Column, &str); 8] = [
    (Column::First, "firstname givenname forename vorname rufname prenom nombre nome voornaam"),
    (
        Column::Last,
        "lastname familyname surname familienname nachname longname langname zuname nomdefamille apellido apellidos cognome \
         sobrenome achternaam",
    ),
    (
        Column::Login,
        "username sisusername loginname login benutzername nutzername anmeldename nomdutilisateur nombredeusuario nomeutente \
         gebruikersnaam",
    ),
    (
        Column::Group,
        "group1 group groupname klasse klassename klassenname klassenbezeichnung class classname gruppe groupe classe clase \
         grupo gruppo klas groep cohort1 course1 gradelevel grade jahrgangsstufe jahrgang stufe orgunitpath",
    ),
    (Column::Role, "role rolle rol ruolo"),
    (
        Column::Id,
        "personid sourcedid sisid idnumber externkey schlusselextern schulerinnenidentifikationsnummer \
         schuleridentifikationsnummer studentid id",
    ),
    (Column::Mail, "emailaddress email emailadresse mail addressemail courriel correo"),
    (Column::Hashed, "passwordhashfunction"),
];

/// The columns of GitHub Classroom's list, by which it is known.
pub(super) const GITHUB: [(Column, &str); 5] = [
    (Column::Label, "identifier"),
    (Column::Login, "githubusername"),
    (Column::Id, "githubid"),
    (Column::Called, "name"),
    (Column::Group, "groupname"),
];

/// What may stand before a word for a password.
const INITIAL: [&str; 9] = ["initial", "first", "start", "temporary", "temp", "default", "onetime", "new", "erst"];

/// What a column of our own list is that is called so.
pub(super) fn called(cell: &str) -> Option<Column> {
    let word = folded(cell);
    if is_of_a_password(&word) {
        return Some(Column::Password);
    }
    let is_one = |words: &str| words.split_whitespace().any(|known| known == word);
    WORDS.iter().find(|(_, words)| is_one(words)).map(|(column, _)| *column)
}

/// Whether a heading stands above passwords.
pub(super) fn is_of_a_password(word: &str) -> bool {
    let is_one = |word: &str| {
        WORDS.iter().any(|(of, words)| *of == Column::Password && words.split_whitespace().any(|known| known == word))
    };
    is_one(word) || INITIAL.iter().filter_map(|start| word.strip_prefix(start)).any(is_one)
}

/// What a heading says, [`folded`], without what a program says of it in brackets: `Password [Required]`.
pub(super) fn heading(cell: &str) -> String {
    folded(cell.split('[').next().unwrap_or_default())
}

/// What each heading is. Of several for the same the one whose word stands first in the table.
pub(super) fn chosen(headings: &[String], table: &[(Column, &str)]) -> Vec<Option<Column>> {
    let mut columns = vec![None; headings.len()];
    for (column, words) in table {
        let place = |word: &str| headings.iter().position(|heading| heading == word);
        if let Some(at) = words.split_whitespace().find_map(place) {
            columns[at] = Some(*column);
        }
    }
    columns
}
